# --- the pure functions --------------------------------------------------------------------------------------------

# Stops: of what kind (`configuration`, `invalid`, `malformed`) and in which words.
# Where a rule about an answer is only tried (SOFT), the rule does not hold instead.
function fail(kind, words) {
    if (SOFT) { BROKEN = 1; return }
    printf "%s", words > ENVIRON["SCOPE_WORDS"]
    print kind
    FAILED = 1
    exit 0
}

function not_a(expected, h) {
    fail(EVALUATION, WHERE ": " expected " was expected, found " (T[h] == "s" ? "a text" : T[h] == "n" ? "a number" : T[h] == "b" ? "true or false" : T[h] == "a" ? "a list" : T[h] == "o" ? "a record" : "null"))
}

# A value that is not as it has to be, behind what was expected.
function as_found(h) { return T[h] == "s" || T[h] == "n" || T[h] == "b" ? ", found " substr(V[h], 1, 60) : "" }

function truth(h) { if (T[h] != "b") not_a("true or false", h); return V[h] == "true" }
function text_of(h) { if (T[h] != "s" && T[h] != "b" && T[h] != "n") not_a("a text, a number or a truth value", h); return V[h] "" }
function whole(h) { if (T[h] != "n" || V[h] !~ /^-?[0-9]+$/) not_a("a whole number", h); return V[h] + 0 }
function is_null(h) { return T[h] == "z" }
function field(h, key) { return T[h] == "o" && (h, key) in F ? C[h, F[h, key]] : NULL }
function has_field(h, key) { return T[h] == "o" && (h, key) in F }

function at(h, index_,   i) {
    if (T[index_] == "z") return NULL
    if (T[index_] == "s") return field(h, V[index_])
    if (T[index_] != "n") not_a("a text or a whole number", index_)
    i = V[index_] + 1
    return T[h] == "a" && V[index_] ~ /^[0-9]+$/ && i <= N[h] ? C[h, i] : NULL
}

function equal(a, b,   i) {
    if (a == b) return 1
    if (T[a] != T[b]) return 0
    if (T[a] == "n") return V[a] + 0 == V[b] + 0
    if (T[a] != "o" && T[a] != "a") return (V[a] "") == (V[b] "")
    if (N[a] != N[b]) return 0
    for (i = 1; i <= N[a]; i++) {
        if (T[a] == "a") { if (!equal(C[a, i], C[b, i])) return 0 }
        else if (!((b, K[a, i]) in F) || !equal(C[a, i], field(b, K[a, i]))) return 0
    }
    return 1
}

# -1, 0 or 1.
function order(a, b) {
    if (T[a] == "n") { if (T[b] != "n") not_a("a number", b); return V[a] + 0 < V[b] + 0 ? -1 : V[a] + 0 > V[b] + 0 }
    if (T[a] != "s") not_a("a number or a text", a)
    if (T[b] != "s") not_a("a text", b)
    return (V[a] "") < (V[b] "") ? -1 : (V[a] "") > (V[b] "")
}

function is_in(element, container,   i) {
    if (T[container] == "z") return 0
    if (T[container] == "o") return T[element] == "s" && (container, V[element] "") in F
    if (T[container] == "a") {
        for (i = 1; i <= N[container]; i++) if (equal(element, C[container, i])) return 1
        return 0
    }
    if (T[container] != "s") not_a("a list, a record or a text", container)
    if (T[element] != "s") not_a("a text", element)
    return index(V[container], V[element]) > 0 || V[element] == ""
}

function matching(h, pattern) { return (T[h] == "s" || T[h] == "b" || T[h] == "n") && V[h] "" ~ pattern }
function matching_any_case(h, pattern) { return (T[h] == "s" || T[h] == "b" || T[h] == "n") && tolower(V[h] "") ~ pattern }

# The first match of before group after; what the group matched, the longest `before` first.
function capture(h, before, group, after,   text, i, j, rest) {
    if (T[h] != "s" && T[h] != "b" && T[h] != "n") return NULL
    text = V[h] ""
    if (!match(text, before group after)) return NULL
    text = substr(text, RSTART, RLENGTH)
    if (before == "" && after == "") return str(text)
    for (i = length(text); i >= 0; i--) {
        if (substr(text, 1, i) !~ ("^(" before ")$")) continue
        rest = substr(text, i + 1)
        for (j = length(rest); j >= 0; j--) {
            if (substr(rest, 1, j) ~ ("^(" group ")$") && substr(rest, j + 1) ~ ("^(" after ")$")) return str(substr(rest, 1, j))
        }
    }
    return NULL
}

# The same with the shortest group after which `after` follows.
function capture_shortest(h, before, group, after,   text, i, j, rest) {
    if (T[h] != "s" && T[h] != "b" && T[h] != "n") return NULL
    text = V[h] ""
    if (!match(text, before group after)) return NULL
    text = substr(text, RSTART)
    for (i = length(text); i >= 0; i--) {
        if (substr(text, 1, i) !~ ("^(" before ")$")) continue
        rest = substr(text, i + 1)
        for (j = 0; j <= length(rest); j++) {
            if (substr(rest, 1, j) ~ ("^(" group ")$") && substr(rest, j + 1) ~ ("^(" after ")")) return str(substr(rest, 1, j))
        }
    }
    return NULL
}

function joined(a, b,   i, out) {
    if (T[a] == "s") { if (T[b] != "s") not_a("a text", b); return str(V[a] V[b]) }
    if (T[a] == "o") { if (T[b] != "o") not_a("a record", b); return merged(a, b) }
    if (T[a] != "a") not_a("a text, a list or a record", a)
    if (T[b] != "a") not_a("a list", b)
    out = copied(a)
    for (i = 1; i <= N[b]; i++) add(out, C[b, i])
    return out
}

function arithmetic(a, op, b,   x, y, r) {
    if (T[a] != "n") not_a("a number", a)
    if (T[b] != "n") not_a("a number", b)
    x = V[a] + 0; y = V[b] + 0
    if (op == "/" && y == 0) { fail(EVALUATION, WHERE ": division by zero"); return NULL }
    r = op == "+" ? x + y : op == "-" ? x - y : op == "*" ? x * y : x / y
    return num(number_text(r))
}

function number_text(r,   text) {
    if (r == int(r) && r < 9007199254740992 && r > -9007199254740992) { text = sprintf("%.0f", r); return text == "-0" ? "0" : text }
    text = sprintf("%.15g", r)
    return text + 0 == r ? text : sprintf("%.17g", r)
}

function modulo(a, b,   x, y, r) {
    x = whole(a); y = whole(b)
    if (y == 0) { fail(EVALUATION, WHERE ": division by zero"); return NULL }
    if (y < 0) y = -y
    r = x - y * int(x / y)
    return num(number_text(r < 0 ? r + y : r))
}

function whole_quotient(a, b,   x, y, q) {
    x = whole(a); y = whole(b)
    if (y == 0) { fail(EVALUATION, WHERE ": division by zero"); return NULL }
    q = int(x / y)
    if (x - y * q < 0) q = y < 0 ? q + 1 : q - 1
    return num(number_text(q))
}

function nearest(h, factor,   x) {
    if (T[h] != "n") not_a("a number", h)
    x = V[h] * factor
    return x < 0 ? -int(-x + 0.5) : int(x + 0.5)
}

function rounded(h) { return num(number_text(nearest(h, 1))) }
function duration(h) { return num(number_text(nearest(h, 1000000000) / 1000000000)) }

function amount(h,   x) {
    x = nearest(h, 1)
    if (x < 0) { fail(EVALUATION, WHERE ": an amount is not below 0"); return NULL }
    return num(number_text(x))
}

function duration_text(h) {
    return amount_text(h, 1000000000, "0s", "86400000000000 d 3600000000000 h 60000000000 min 1000000000 s 1000000 ms 1000 us 1 ns")
}

function size_text(h) {
    return amount_text(h, 1, "0B", "1099511627776 TiB 1000000000000 TB 1073741824 GiB 1000000000 GB 1048576 MiB 1000000 MB 1024 KiB 1000 kB 1 B")
}

function rate_text(h) { return amount_text(h, 1, "0bps", "1000000000 Gbps 1000000 Mbps 1000 kbps 1 bps") }

function amount_text(h, factor, zero, all,   x, i, n, units, part) {
    x = nearest(h, factor)
    n = split(all, units, " ")
    for (i = 1; i < n; i += 2) {
        part = x / units[i]
        if (x != 0 && part == int(part)) return str(number_text(part) units[i + 1])
    }
    return str(zero)
}

function summed(h,   i, r) {
    if (T[h] != "a") not_a("a list", h)
    r = 0
    for (i = 1; i <= N[h]; i++) { if (T[C[h, i]] != "n") not_a("a number", C[h, i]); r += V[C[h, i]] }
    return num(number_text(r))
}

function best(h, sign,   i, found) {
    if (T[h] != "a") not_a("a list", h)
    for (i = 1; i <= N[h]; i++) {
        if (T[C[h, i]] != "n") not_a("a number", C[h, i])
        if (i == 1 || sign * V[C[h, i]] > sign * V[found]) found = C[h, i]
    }
    if (!N[h]) { fail(EVALUATION, WHERE ": the list is empty"); return NULL }
    return found
}

function least(h) { return best(h, -1) }
function greatest(h) { return best(h, 1) }

function negated(h) { if (T[h] != "n") not_a("a number", h); return num(number_text(-V[h])) }
function first(h) { if (T[h] == "z") return NULL; if (T[h] != "a") not_a("a list", h); return N[h] ? C[h, 1] : NULL }

function length_of(h,   text) {
    if (T[h] == "a" || T[h] == "o") return num(N[h])
    if (T[h] != "s") not_a("a list, a record or a text", h)
    text = V[h]
    gsub(/[\200-\277]/, "", text)
    return num(length(text))
}

function trimmed(h,   text) { text = text_of(h); sub(/^[ \t\r\n\f\v]+/, "", text); sub(/[ \t\r\n\f\v]+$/, "", text); return str(text) }

function join(h, separator,   i, out) {
    if (T[h] != "a") not_a("a list", h)
    out = ""
    for (i = 1; i <= N[h]; i++) out = out (i > 1 ? text_of(separator) : "") text_of(C[h, i])
    return str(out)
}

function split_text(h, separator,   text, edge, place, out) {
    text = text_of(h); edge = text_of(separator); out = list()
    if (edge == "") fail(EVALUATION, WHERE ": the separator is empty")
    while (place = index(text, edge)) { add(out, str(substr(text, 1, place - 1))); text = substr(text, place + length(edge)) }
    return add(out, str(text))
}

function replaced(h, from, to,   text, old, by, place, out) {
    text = text_of(h); old = text_of(from); by = text_of(to); out = ""
    if (old == "") fail(EVALUATION, WHERE ": the text to replace is empty")
    while (place = index(text, old)) { out = out substr(text, 1, place - 1) by; text = substr(text, place + length(old)) }
    return str(out text)
}

function keys(h,   i, out) { if (T[h] != "o") not_a("a record", h); out = list(); for (i = 1; i <= N[h]; i++) add(out, str(K[h, i])); return out }
function values(h,   i, out) { if (T[h] != "o") not_a("a record", h); out = list(); for (i = 1; i <= N[h]; i++) add(out, C[h, i]); return out }
function has(h, key) { if (T[h] == "z") return FALSE; if (T[h] != "o") not_a("a record", h); return bool((h, text_of(key)) in F) }

function to_int(h,   text) {
    if (T[h] != "s" && T[h] != "n") not_a("a text or a number", h)
    text = V[trimmed(h)]
    if (T[h] == "n" && text + 0 == int(text + 0)) return num(number_text(text + 0))
    if (text !~ /^[-+]?[0-9]+$/) fail(EVALUATION, WHERE ": that is no whole number")
    return num(number_text(text + 0))
}

function from_json(h,   out) {
    out = parsed(text_of(h))
    if (JSON_ERROR != "") fail(EVALUATION, WHERE ": the text is no JSON")
    return out
}

function merged(a, b,   i, out) {
    if (T[a] == "z" && (T[b] == "o" || T[b] == "z")) return b
    if (T[b] == "z" && T[a] == "o") return a
    if (T[a] != "o") not_a("a record", a)
    if (T[b] != "o") not_a("a record", b)
    out = copied(a)
    for (i = 1; i <= N[b]; i++) {
        if (T[C[b, i]] == "o" && T[field(a, K[b, i])] == "o") put(out, K[b, i], merged(field(a, K[b, i]), C[b, i]))
        else put(out, K[b, i], C[b, i])
    }
    return out
}

function without(h, names,   i, out) {
    if (T[h] != "o") not_a("a record", h)
    if (T[names] != "a") not_a("a list", names)
    out = record()
    for (i = 1; i <= N[h]; i++) if (!is_in(str(K[h, i]), names)) put(out, K[h, i], C[h, i])
    return out
}

function appended(a, b,   i) { if (T[b] != "a") not_a("a list", b); for (i = 1; i <= N[b]; i++) add(a, C[b, i]); return a }

function distinct(h,   i, out) {
    if (T[h] != "a") not_a("a list", h)
    out = list()
    for (i = 1; i <= N[h]; i++) if (!is_in(C[h, i], out)) add(out, C[h, i])
    return out
}

function sorted(h,   out, gap, i, j, item) {
    if (T[h] != "a") not_a("a list", h)
    if (N[h] == 1) order(C[h, 1], C[h, 1])
    out = copied(h)
    for (gap = int(N[out] / 2); gap > 0; gap = int(gap / 2)) {
        for (i = gap + 1; i <= N[out]; i++) {
            item = C[out, i]
            for (j = i; j > gap && order(C[out, j - gap], item) > 0; j -= gap) C[out, j] = C[out, j - gap]
            C[out, j] = item
        }
    }
    return out
}

function range_to(h,   end, i, out) {
    end = whole(h); out = list()
    if (end < 0) fail(EVALUATION, WHERE ": the end is negative")
    for (i = 0; i < end; i++) add(out, num(i))
    return out
}

function url(text,   out, i, c) {
    if (text !~ /[^-._~A-Za-z0-9]/) return text
    out = ""
    for (i = 1; i <= length(text); i++) { c = substr(text, i, 1); out = out (c ~ /[-._~A-Za-z0-9]/ ? c : sprintf("%%%02X", ORD[c])) }
    return out
}

function base64(text,   codes, i, count) {
    count = length(text)
    for (i = 1; i <= count; i++) codes[i] = ORD[substr(text, i, 1)]
    return base64_of(codes, count)
}

function base64_file(file,   command, line, parts, n, i, codes, count) {
    command = "od -An -v -tu1 < " shell_word(file); count = 0
    while ((command | getline line) > 0) { n = split(line, parts, " "); for (i = 1; i <= n; i++) codes[++count] = parts[i] }
    close(command)
    return base64_of(codes, count)
}

function base64_of(codes, count,   i, out, group, piece) {
    out = ""; piece = ""
    for (i = 1; i <= count; i += 3) {
        group = codes[i] * 65536 + (i + 1 <= count ? codes[i + 1] * 256 : 0) + (i + 2 <= count ? codes[i + 2] : 0)
        piece = piece digit64(int(group / 262144)) digit64(int(group / 4096) % 64) (i + 1 <= count ? digit64(int(group / 64) % 64) : "=") (i + 2 <= count ? digit64(group % 64) : "=")
        if (length(piece) > 4000) { out = out piece; piece = "" }
    }
    return out piece
}

function digit64(digit) { return substr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", digit + 1, 1) }
