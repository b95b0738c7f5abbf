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

function bears(h, path) { h = mark_of(h, path); return path != "" && T[h] == "s" && index(V[h], ENVIRON["SCOPE_MARK"]) > 0 }

# The inputs with the mark at its path; a text that stands there keeps standing before it.
function with_mark(h, path,   place, head, rest, below) {
    place = index(path, "\n"); head = place ? substr(path, 1, place - 1) : path; rest = place ? substr(path, place + 1) : ""
    below = field(h, head)
    h = T[h] == "o" ? copied(h) : record()
    if (rest != "") return put(h, head, with_mark(below, rest))
    return put(h, head, str(T[below] == "s" && V[below] != "" ? V[below] " [" ENVIRON["SCOPE_MARK"] "]" : ENVIRON["SCOPE_MARK"]))
}

# What the program wrote is there: records may hold more, a text may bear the mark behind it.
function is_as(wanted, found,   i, text) {
    if (T[wanted] == "o" && T[found] == "o") {
        for (i = 1; i <= N[wanted]; i++) if (!is_as(C[wanted, i], field(found, K[wanted, i]))) return 0
        return 1
    }
    if (T[wanted] == "z" && T[found] == "z") return 1
    if (T[wanted] == "s" && T[found] == "s") {
        text = V[found]
        if (text == V[wanted] || text == V[wanted] " [" ENVIRON["SCOPE_MARK"] "]") return 1
        return 0
    }
    return equal(wanted, found)
}

# Writes the mark into the inputs.
function marked(path) {
    if (path != "") write_to("SCOPE_INPUTS", json(with_mark(kept("SCOPE_INPUTS"), path)))
    return "ok"
}

# The attributes in SCOPE_SET that the resource has otherwise: `none`, `update` or `replace`; the names are the words.
function changes_of(type,   set, known, i, name, found, wanted, changed, names, fixed) {
    describe(type)
    set = kept("SCOPE_SET"); known = kept("SCOPE_KNOWN"); changed = record(); names = ""; fixed = ""
    for (i = 1; i <= N[set]; i++) {
        name = K[set, i]; wanted = C[set, i]
        if (!(name in COMPARED) || !has_field(known, name) || T[field(known, name)] == "z" && T[wanted] == "z") continue
        found = field(known, name)
        if (name in REFERENCES) { wanted = identity_of(wanted, REFERENCES[name]); found = identity_of(found, REFERENCES[name]) }
        if (T[found] == "z" && name in REFERENCES) continue
        if (is_as(wanted, found)) continue
        put(changed, name, C[set, i])
        names = names (names == "" ? "" : ", ") name
        if (COMPARED[name] == "immutable") fixed = fixed (fixed == "" ? "" : ", ") name
    }
    write_to("SCOPE_CHANGES", json(changed))
    if (fixed != "") { write_to("SCOPE_WORDS", fixed); return "replace" }
    write_to("SCOPE_WORDS", names)
    return names == "" ? "none" : "update"
}

# Of the resources in SCOPE_VALUE those of this name or identity that pass the filter: `ours`, `one`, `none` or `several`;
# the one is written to SCOPE_KNOWN.
function chosen(by_name, name_attribute, identity, mark_path,   found, text, i, n, h, ours, match_, listing) {
    found = kept("SCOPE_VALUE"); n = 0; ours = ""; listing = ""
    text = by_name ? given(name_attribute) : NULL
    if (T[found] != "a") found = T[found] == "o" ? add(list(), found) : list()
    for (i = 1; i <= N[found]; i++) {
        h = normal(C[found, i])
        if (T[text] != "z" && !equal(field(h, identity), text) && has_field(h, name_attribute) && !equal(field(h, name_attribute), text)) continue
        if (!passes(h) || !by_name && !looks_like_it(h)) continue
        if (mark_path != "" && bears(h, mark_path)) { if (ours == "") ours = h; continue }
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

# Of a type without names, one that has all that the program sets, as far as it can be compared.
function looks_like_it(h,   set, i, name, wanted, found) {
    describe(ENVIRON["SCOPE_TYPE"])
    set = kept("SCOPE_SET")
    for (i = 1; i <= N[set]; i++) {
        name = K[set, i]; wanted = C[set, i]; found = field(h, name)
        if (!(name in COMPARED) || !has_field(h, name)) continue
        if (name in REFERENCES) { wanted = identity_of(wanted, REFERENCES[name]); found = identity_of(found, REFERENCES[name]) }
        if (!is_as(wanted, found)) return 0
    }
    return 1
}

# Whose the resource in SCOPE_KNOWN is: `ours` where it bears our mark, else `one`.
function whose(mark_path) {
    write_to("SCOPE_WORDS", "")
    return mark_path != "" && bears(kept("SCOPE_KNOWN"), mark_path) ? "ours" : "one"
}

function passes(h) { return is_as(kept("SCOPE_FILTER"), h) || is_null(kept("SCOPE_FILTER")) }

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

# The output of a step: what is known, and what was given where the site does not say.
function output_of_step(   known, inputs) {
    known = kept("SCOPE_KNOWN"); inputs = kept("SCOPE_INPUTS")
    if (T[inputs] != "o") inputs = record()
    write_to("SCOPE_VALUE", json(T[known] == "o" ? over(inputs, known) : inputs))
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
