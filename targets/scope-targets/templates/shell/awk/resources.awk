# --- resources -----------------------------------------------------------------------------------------------------

# The identity of a reference, or of each of several.
function identity_of(h, attribute,   i, out) {
    if (T[h] == "o") return field(h, attribute)
    if (T[h] != "a") return h
    out = list()
    for (i = 1; i <= N[h]; i++) add(out, identity_of(C[h, i], attribute))
    return out
}

# The mark of a resource: the text at the path, or null.
function mark_of(h, path,   parts, n, i) {
    n = split(path, parts, "\n")
    for (i = 1; i <= n; i++) h = field(h, parts[i])
    return h
}

# A mark stands in a text as a whole: that of `a@paris` is not in the one of `a@paris-2`.
function is_in_text(mark, text,   place, after) {
    while (place = index(text, mark)) {
        after = substr(text, place + length(mark), 1)
        if (after == "" || after ~ /[]  \t\n]/) return 1
        text = substr(text, place + 1)
    }
    return 0
}

function bears(h, path,   i) {
    if (path == "") return 0
    h = mark_of(h, path)
    if (T[h] == "s") return is_in_text(ENVIRON["SCOPE_MARK"], V[h])
    if (T[h] != "a") return 0
    for (i = 1; i <= N[h]; i++) if (T[C[h, i]] == "s" && is_in_text(ENVIRON["SCOPE_MARK"], V[C[h, i]])) return 1
    return 0
}

# The values with the mark at its path: alone in a map, as one more in a list, in brackets behind a text.
function with_mark(h, path,   place, head, rest, below) {
    place = index(path, "\n"); head = place ? substr(path, 1, place - 1) : path; rest = place ? substr(path, place + 1) : ""
    below = field(h, head)
    h = T[h] == "o" ? copied(h) : record()
    if (rest != "") return put(h, head, with_mark(below, rest))
    if (T[below] == "a") return put(h, head, is_in(owner_mark(), below) ? below : add(copied(below), owner_mark()))
    if (T[below] != "s" || V[below] == "") return put(h, head, owner_mark())
    return is_in_text(ENVIRON["SCOPE_MARK"], V[below]) ? h : put(h, head, str(V[below] " [" ENVIRON["SCOPE_MARK"] "]"))
}

# What the program wrote is there: records may hold more, a text or a list may bear the mark behind it.
function is_as(wanted, found,   i, text, mark_) {
    if (T[wanted] == "o" && T[found] == "o") {
        for (i = 1; i <= N[wanted]; i++) if (T[C[wanted, i]] != "z" && !is_as(C[wanted, i], field(found, K[wanted, i]))) return 0
        return 1
    }
    if (T[wanted] == "a" && T[found] == "a") {
        if (N[wanted] != N[found]) return 0
        for (i = 1; i <= N[wanted]; i++) if (!is_as(C[wanted, i], C[found, i])) return 0
        return 1
    }
    if (T[wanted] == "s" && T[found] == "s") {
        text = V[found]; mark_ = ENVIRON["SCOPE_MARK"]
        # What others left there, so that it is not deleted, is none of the program's.
        gsub(/ ?\[scope-used:[^ ]*\]/, "", text)
        return text == V[wanted] || text == V[wanted] " [" mark_ "]" || V[wanted] == "" && text == mark_
    }
    return equal(wanted, found)
}

# Lists that applications give back in an order of their own.
function is_as_list(wanted, found,   i, j, taken, hit) {
    if (T[wanted] != "a" || T[found] != "a") return is_as(wanted, found)
    if (ENVIRON["SCOPE_MARK"] != "" && bears_in_list(found)) found = without_mark(found)
    if (N[wanted] != N[found]) return 0
    for (i = 1; i <= N[wanted]; i++) {
        hit = 0
        for (j = 1; j <= N[found] && !hit; j++) if (!(j in taken) && is_as(C[wanted, i], C[found, j])) { taken[j] = 1; hit = 1 }
        if (!hit) return 0
    }
    return 1
}

function bears_in_list(h) { return is_in(owner_mark(), h) }
function without_mark(h,   i, out) {
    out = list()
    for (i = 1; i <= N[h]; i++) if (!equal(C[h, i], owner_mark())) add(out, C[h, i])
    return out
}

# Whether an attribute is other than wanted; what the site does not tell is unknown, never a difference.
function differs(known, name, wanted,   found, formerly) {
    if (!(name in COMPARED) || !has_field(known, name)) return 0
    found = field(known, name)
    if (T[found] == "z" && (name in READ_BY || name in REFERENCES)) return 0
    formerly = name in REFERENCES ? field(wanted, "scope_formerly") : NULL
    if (name in REFERENCES) { wanted = identity_of(wanted, REFERENCES[name]); found = identity_of(found, REFERENCES[name]) }
    if (name in REFERENCES && (T[wanted] == "z" || T[found] == "z")) return 0
    # A copy that was lost, and borrowed again: what was made with it needs no other.
    if (T[formerly] == "a" && is_in(found, formerly)) return 0
    return name in LISTS ? !is_as_list(wanted, found) : !is_as(wanted, found)
}

# Writes the mark into the inputs.
function marked(path) {
    if (path != "") write_to("SCOPE_INPUTS", json(with_mark(kept("SCOPE_INPUTS"), path)))
    return "ok"
}

# A text with what others left behind the one that is there.
function with_guards(h, found,   text, out) {
    if (T[h] != "s" || T[found] != "s") return h
    text = V[found]; out = V[h]
    while (match(text, / ?\[scope-used:[^ ]*\]/)) {
        out = out (out == "" ? "" : " ") substr(text, RSTART + (substr(text, RSTART, 1) == " "), RLENGTH - (substr(text, RSTART, 1) == " "))
        text = substr(text, RSTART + RLENGTH)
    }
    return str(out)
}

# The attributes in SCOPE_SET that the resource has otherwise: `none`, `update` or `replace`; the names are the words.
# Maps keep what the program does not set, our mark stays.
function changes_of(type, mark_path,   set, known, i, name, changed, names, fixed, head) {
    describe(type)
    set = kept("SCOPE_SET"); known = kept("SCOPE_KNOWN"); changed = record(); names = ""; fixed = ""
    for (i = 1; i <= N[set]; i++) {
        name = K[set, i]
        if (!differs(known, name, C[set, i])) continue
        put(changed, name, name in MAPS ? merged(field(known, name), C[set, i]) : C[set, i])
        names = names (names == "" ? "" : ", ") name
        if (COMPARED[name] == "immutable") fixed = fixed (fixed == "" ? "" : ", ") name
    }
    head = mark_path; sub(/\n.*/, "", head)
    if (mark_path != "" && has_field(changed, head) && bears(known, mark_path)) changed = with_mark(changed, mark_path)
    for (i = 1; i <= N[changed]; i++) C[changed, i] = with_guards(C[changed, i], field(known, K[changed, i]))
    write_to("SCOPE_CHANGES", json(changed))
    write_to("SCOPE_WORDS", fixed == "" ? names : fixed)
    return fixed != "" ? "replace" : names == "" ? "none" : "update"
}

# Of the resources in SCOPE_VALUE those that are meant, by their name or (of a type without names) by our mark or by all
# that the program sets: `ours`, `one`, `none` or `several`; the one is written to SCOPE_KNOWN.
function chosen(name_attribute, identity, mark_path,   found, text, i, n, h, ours, match_, listing) {
    found = kept("SCOPE_VALUE"); n = 0; ours = ""; listing = ""
    text = name_attribute == "" ? NULL : given(name_attribute)
    if (T[found] != "a") found = T[found] == "o" ? add(list(), found) : list()
    for (i = 1; i <= N[found]; i++) {
        h = normal(C[found, i])
        if (!passes(h)) continue
        if (T[text] != "z" && !equal(field(h, name_attribute), text)) continue
        if (bears(h, mark_path)) { if (ours == "") ours = h; continue }
        if (T[text] == "z" && (mark_path != "" || !looks_like_it(h))) continue
        n++; match_ = h
        if (n <= 10) listing = listing (n > 1 ? "; " : "") candidate(h, identity)
    }
    if (ours != "") { write_to("SCOPE_KNOWN", json(ours)); return "ours" }
    if (n == 0) return "none"
    write_to("SCOPE_WORDS", plain(listing))
    if (n > 1) return "several"
    write_to("SCOPE_KNOWN", json(match_))
    return "one"
}

# The same for a look-up: what is called so and has the attributes asked for; marks do not matter.
function looked_up(name_attribute, identity,   found, text, i, n, h, match_, listing) {
    found = kept("SCOPE_VALUE"); n = 0; listing = ""
    text = name_attribute == "" ? NULL : given(name_attribute)
    if (T[found] != "a") found = T[found] == "o" ? add(list(), found) : list()
    for (i = 1; i <= N[found]; i++) {
        h = normal(C[found, i])
        if (!passes(h) || T[text] != "z" && has_field(h, name_attribute) && !equal(field(h, name_attribute), text)) continue
        n++; match_ = h
        if (n <= 10) listing = listing (n > 1 ? "; " : "") candidate(h, identity)
    }
    write_to("SCOPE_WORDS", plain(listing))
    if (n == 1) write_to("SCOPE_KNOWN", json(match_))
    return n == 0 ? "none" : n == 1 ? "one" : "several"
}

# Whether nothing that can be compared is other than the program sets it.
function looks_like_it(h,   set, i) {
    describe(ENVIRON["SCOPE_TYPE"])
    set = kept("SCOPE_SET")
    for (i = 1; i <= N[set]; i++) if (differs(h, K[set, i], C[set, i])) return 0
    return 1
}

# A text that nobody calls anything by: 32 hexadecimal digits, with or without dashes.
function looks_like_identity(text) {
    if (length(text) == 36 && substr(text, 9, 1) substr(text, 14, 1) substr(text, 19, 1) substr(text, 24, 1) == "----") gsub(/-/, "", text)
    return length(text) == 32 && text !~ /[^0-9a-fA-F]/ ? "yes" : "no"
}

# Whose the resource in SCOPE_KNOWN is: `ours` where it bears our mark, else `one`.
function whose(mark_path, identity) {
    write_to("SCOPE_WORDS", plain(candidate(kept("SCOPE_KNOWN"), identity)))
    return bears(kept("SCOPE_KNOWN"), mark_path) ? "ours" : "one"
}

# Of the resources in SCOPE_VALUE the one of the identity in SCOPE_KNOWN.
function picked(identity,   found, i, h) {
    found = kept("SCOPE_VALUE")
    if (T[found] != "a") found = T[found] == "o" ? add(list(), found) : list()
    for (i = 1; i <= N[found]; i++) {
        h = normal(C[found, i])
        if (text_or(field(h, identity), "") == text_or(field(kept("SCOPE_KNOWN"), identity), "")) { write_to("SCOPE_KNOWN", json(h)); return "ok" }
    }
    return "not_found"
}

# Of the copies in SCOPE_VALUE, several of one name, one with the same proof: `theirs`, else `none`.
function same_one(same,   found, i, h) {
    found = kept("SCOPE_VALUE")
    for (i = 1; same != "" && i <= N[found]; i++) {
        h = normal(C[found, i])
        if (!is_null(field(h, same)) && equal(field(h, same), field(kept("SCOPE_SOURCE"), same))) { write_to("SCOPE_KNOWN", json(h)); return "theirs" }
    }
    return "none"
}

# The identity that an answer tells: of a record, or itself.
function told(identity) { return text_or(T[kept("SCOPE_VALUE")] == "o" ? field(kept("SCOPE_VALUE"), identity) : kept("SCOPE_VALUE"), "") }
function passing() { return passes(kept("SCOPE_KNOWN")) ? "yes" : "no" }

# The attributes that a look-up asks for; one that the site does not tell counts as had, since it was asked for it.
function passes(h,   filter, i) {
    filter = kept("SCOPE_FILTER")
    if (N[filter] > 0) describe(ENVIRON["SCOPE_TYPE"])
    for (i = 1; i <= N[filter]; i++) {
        if (K[filter, i] in COMPARED ? differs(h, K[filter, i], C[filter, i]) : has_field(h, K[filter, i]) && !is_null(field(h, K[filter, i])) && !is_as(C[filter, i], field(h, K[filter, i]))) return 0
    }
    return 1
}

function candidate(h, identity) {
    return text_or(field(h, identity), "?") (T[field(h, "status")] == "s" ? " (" V[field(h, "status")] ")" : "")
}

function text_or(h, otherwise) { return T[h] == "s" || T[h] == "n" ? V[h] : otherwise }

# A page of a list behind those before it; prints how many there are.
function with_page(   all, page) {
    all = kept("SCOPE_LIST"); page = kept("SCOPE_VALUE")
    all = T[all] == "a" ? copied(all) : list()
    appended(all, page)
    write_to("SCOPE_LIST", json(all))
    return N[all]
}

# What is known after an answer: the new record over the old one.
function learnt(   fresh, old) {
    fresh = kept("SCOPE_VALUE"); old = kept("SCOPE_KNOWN")
    if (T[old] != "o") old = record()
    if (T[fresh] == "o") old = merged(old, normal(fresh))
    write_to("SCOPE_KNOWN", json(old))
    return "ok"
}

# Nothing is known but the identity.
function identified(attribute, identity) { write_to("SCOPE_KNOWN", json(put(record(), attribute, str(identity)))); return "ok" }

# A field of a record that is kept in a file, as text; empty where there is none.
function part(variable, name) { return text_or(field(kept(variable), name), "") }

# The output of a step: of the attributes that are no secrets what is known, and what was given where the site does not say.
# The output, and for the steps that use it the identities that it had before: `scope_formerly`.
function output_of_step(formerly,   out, parts, n, i, all) {
    out = output_of_record(kept("SCOPE_KNOWN"), kept("SCOPE_INPUTS"))
    if (formerly != "") {
        n = split(formerly, parts, " "); all = list()
        for (i = 1; i <= n; i++) add(all, str(parts[i]))
        put(out, "scope_formerly", all)
    }
    write_to("SCOPE_VALUE", json(out))
    return "ok"
}

function output_of_record(known, inputs,   names, n, i, out) {
    n = split(output_names(ENVIRON["SCOPE_TYPE"]), names, "\n"); out = record()
    for (i = 1; i <= n; i++) {
        if (!is_null(field(known, names[i]))) put(out, names[i], field(known, names[i]))
        else if (has_field(inputs, names[i])) put(out, names[i], field(inputs, names[i]))
        else if (has_field(known, names[i])) put(out, names[i], NULL)
    }
    return out
}

# The result of a call: records of resources by the driver's names, anything else as it is.
function result_of_call(   h, i, out) {
    h = kept("SCOPE_VALUE")
    if (T[h] == "o") h = output_of_record(normal(h), NULL)
    else if (T[h] == "a") {
        out = list()
        for (i = 1; i <= N[h]; i++) add(out, T[C[h, i]] == "o" ? output_of_record(normal(C[h, i]), NULL) : C[h, i])
        h = out
    }
    write_to("SCOPE_VALUE", json(h))
    return "ok"
}

# Fields of `above` that are not null in place of those of `below`.
function over(below, above,   i, out) {
    out = copied(below)
    for (i = 1; i <= N[above]; i++) if (T[C[above, i]] != "z" || !has_field(below, K[above, i])) put(out, K[above, i], C[above, i])
    return out
}

function over_one(below, name, h,   out) { out = T[below] == "o" ? copied(below) : record(); return put(out, name, h) }

# The inputs of a copy: the attributes that are kept, of the original in SCOPE_SOURCE.
function copy_inputs(names, content,   parts, n, i, out, source) {
    n = split(names, parts, "\n"); out = record(); source = kept("SCOPE_SOURCE")
    for (i = 1; i <= n; i++) if (has_field(source, parts[i])) put_unless_null(out, parts[i], field(source, parts[i]))
    write_to("SCOPE_SET", json(out))
    if (content != "") put(out, content, str("content"))
    write_to("SCOPE_INPUTS", json(out))
    return "ok"
}

# The inputs of a copy that takes whatever identity it is given.
function another_identity(identity) {
    write_to("SCOPE_INPUTS", json(without(kept("SCOPE_INPUTS"), add(list(), str(identity)))))
    write_to("SCOPE_SET", json(without(kept("SCOPE_SET"), add(list(), str(identity)))))
    return "ok"
}

# Whether the copy has what proves that it is one: `equal`, `other`, or `unknown` where one of them does not say.
function sameness(attribute,   ours, theirs) {
    ours = field(kept("SCOPE_KNOWN"), attribute); theirs = field(kept("SCOPE_SOURCE"), attribute)
    if (T[ours] == "z" || T[theirs] == "z") return "unknown"
    return equal(ours, theirs) ? "equal" : "other"
}

# A record for people: what is secret is left out of it.
function shown(h,   i, out) {
    if (T[h] != "o" && T[h] != "a") return h
    out = made(T[h], "")
    for (i = 1; i <= N[h]; i++) {
        if (T[h] == "a") add(out, shown(C[h, i]))
        else put(out, K[h, i], K[h, i] in SECRET_NAMES ? str("***") : shown(C[h, i]))
    }
    return out
}
function shown_value(variable) { printf "%s", masked(pretty(shown(kept(variable)), "")); return "" }

function start(   i, parts, n) {
    for (i = 1; i < 256; i++) ORD[sprintf("%c", i)] = i
    ANSWER_TEXT = ""; SOFT = 0; BROKEN = 0
    NULL = made("z", ""); TRUE = made("b", "true"); FALSE = made("b", "false")
    ESCAPED["\""] = "\\\""; ESCAPED["\\"] = "\\\\"; ESCAPED["\n"] = "\\n"; ESCAPED["\r"] = "\\r"; ESCAPED["\t"] = "\\t"
    UNESCAPED["\""] = "\""; UNESCAPED["\\"] = "\\"; UNESCAPED["/"] = "/"; UNESCAPED["b"] = "\b"; UNESCAPED["f"] = "\f"
    UNESCAPED["n"] = "\n"; UNESCAPED["r"] = "\r"; UNESCAPED["t"] = "\t"
    EVALUATION = "invalid"; WHERE = "the program"
}
