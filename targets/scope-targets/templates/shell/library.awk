# JSON values, the pure functions of the plan's expressions, and the writing of requests, in POSIX awk (mawk, gawk,
# busybox, one-true-awk), to be run with LC_ALL=C so that texts are bytes.
#
# A value is a number, its handle: T[h] is its kind (z null, b truth, n number, s text, a list, o record), V[h] the text
# of a scalar; of a list or record N[h] is the length, C[h,i] the i-th value, K[h,i] its key and F[h,key] the place of a
# key. Values never change once they are made, so handles are shared freely.

# --- making values -------------------------------------------------------------------------------------------------

function made(kind, text) { T[++HANDLES] = kind; V[HANDLES] = text; N[HANDLES] = 0; return HANDLES }
function str(text) { return made("s", text "") }
function num(text) { return made("n", text "") }
function bool(truth) { return truth ? TRUE : FALSE }
function list() { return made("a", "") }
function record() { return made("o", "") }
function add(h, item) { C[h, ++N[h]] = item; return h }

function put(h, key, item) {
    if (!((h, key) in F)) { F[h, key] = ++N[h]; K[h, N[h]] = key }
    C[h, F[h, key]] = item
    return h
}

# A field of a request's body is left out where its value turns out null.
function put_unless_null(h, key, item) { return T[item] == "z" ? h : put(h, key, item) }

function copied(h,   i, out) {
    out = made(T[h], V[h])
    for (i = 1; i <= N[h]; i++) { if (T[h] == "o") put(out, K[h, i], C[h, i]); else add(out, C[h, i]) }
    return out
}

# A constant of the program, parsed once.
function constant(text) {
    if (!(text in CONSTANTS)) CONSTANTS[text] = parsed(text)
    return CONSTANTS[text]
}

# --- reading JSON --------------------------------------------------------------------------------------------------

# The value of a text; JSON_ERROR says why there is none. The text is taken in pieces, so that its length costs nothing.
function parsed(text) { JSON_FILE = ""; return document(text "\n") }
function parsed_file(file,   h) { JSON_FILE = file; h = document(""); close(file); return h }

function document(text,   h) {
    JSON_ERROR = ""; BUFFER = ""; LINE = text; AT = 1
    if (peek() == "\357") BUFFER = substr(BUFFER, 4)
    h = value(1)
    if (JSON_ERROR == "" && peek() != "") JSON_ERROR = "something follows the value"
    return JSON_ERROR == "" ? h : NULL
}

function more() {
    while (AT > length(LINE)) {
        if (JSON_FILE == "" || (getline LINE < JSON_FILE) <= 0) return 0
        LINE = LINE "\n"; AT = 1
    }
    BUFFER = BUFFER substr(LINE, AT, 4096); AT += 4096
    return 1
}

function at_least(count) { while (length(BUFFER) < count && more()) continue }

function peek() {
    for (;;) {
        if (match(BUFFER, /^[ \t\r\n]+/)) BUFFER = substr(BUFFER, RLENGTH + 1)
        if (BUFFER != "") return substr(BUFFER, 1, 1)
        if (!more()) return ""
    }
}

function wrong_json(why) { if (JSON_ERROR == "") JSON_ERROR = why; return NULL }

function value(depth,   c, h, key, text) {
    if (depth > 128) return wrong_json("nested too deep")
    c = peek()
    if (c == "{") {
        h = record(); BUFFER = substr(BUFFER, 2)
        if (peek() == "}") { BUFFER = substr(BUFFER, 2); return h }
        for (;;) {
            if (peek() != "\"") return wrong_json("a key was expected")
            key = text_token()
            if (peek() != ":") return wrong_json("`:` was expected")
            BUFFER = substr(BUFFER, 2)
            put(h, key, value(depth + 1))
            if (JSON_ERROR != "") return NULL
            c = peek(); BUFFER = substr(BUFFER, 2)
            if (c == "}") return h
            if (c != ",") return wrong_json("`,` or `}` was expected")
        }
    }
    if (c == "[") {
        h = list(); BUFFER = substr(BUFFER, 2)
        if (peek() == "]") { BUFFER = substr(BUFFER, 2); return h }
        for (;;) {
            add(h, value(depth + 1))
            if (JSON_ERROR != "") return NULL
            c = peek(); BUFFER = substr(BUFFER, 2)
            if (c == "]") return h
            if (c != ",") return wrong_json("`,` or `]` was expected")
        }
    }
    if (c == "\"") return str(text_token())
    while (match(BUFFER, /^[-+.0-9a-zA-Z]+/) && RLENGTH == length(BUFFER) && more()) continue
    if (!match(BUFFER, /^[-+.0-9a-zA-Z]+/)) return wrong_json("a value was expected")
    text = substr(BUFFER, 1, RLENGTH); BUFFER = substr(BUFFER, RLENGTH + 1)
    if (text == "true") return TRUE
    if (text == "false") return FALSE
    if (text == "null") return NULL
    if (text ~ /^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][-+]?[0-9]+)?$/) return num(text)
    return wrong_json("a value was expected")
}

function text_token(   out, c, code, low) {
    BUFFER = substr(BUFFER, 2); out = ""
    for (;;) {
        if (BUFFER == "" && !more()) return wrong_json("the text does not end")
        if (match(BUFFER, /^[^"\\[:cntrl:]]+/)) {
            out = out substr(BUFFER, 1, RLENGTH); BUFFER = substr(BUFFER, RLENGTH + 1)
            continue
        }
        c = substr(BUFFER, 1, 1)
        if (c == "\"") { BUFFER = substr(BUFFER, 2); return out }
        if (c == "\177") { out = out c; BUFFER = substr(BUFFER, 2); continue }
        if (c != "\\") return wrong_json("a control character in a text")
        at_least(12)
        c = substr(BUFFER, 2, 1)
        if (c == "u") {
            code = hex(substr(BUFFER, 3, 4)); BUFFER = substr(BUFFER, 7)
            if (code >= 55296 && code < 56320 && substr(BUFFER, 1, 2) == "\\u") {
                low = hex(substr(BUFFER, 3, 4))
                if (low >= 56320 && low < 57344) {
                    code = 65536 + (code - 55296) * 1024 + low - 56320; BUFFER = substr(BUFFER, 7)
                }
            }
            if (code < 0) return wrong_json("a bad escape in a text")
            out = out utf8(code)
            continue
        }
        if (!(c in UNESCAPED)) return wrong_json("a bad escape in a text")
        out = out UNESCAPED[c]; BUFFER = substr(BUFFER, 3)
    }
}

function hex(digits,   i, sum, digit) {
    sum = 0
    if (length(digits) != 4) return -1
    for (i = 1; i <= 4; i++) {
        digit = index("0123456789abcdef", tolower(substr(digits, i, 1)))
        if (!digit) return -1
        sum = sum * 16 + digit - 1
    }
    return sum
}

# Lone halves of a pair, and NUL, which no awk keeps in a text, become the replacement character.
function utf8(code) {
    if (code == 0 || (code >= 55296 && code < 57344)) code = 65533
    if (code < 128) return sprintf("%c", code)
    if (code < 2048) return byte(192 + int(code / 64)) byte(128 + code % 64)
    if (code < 65536) return byte(224 + int(code / 4096)) byte(128 + int(code / 64) % 64) byte(128 + code % 64)
    return byte(240 + int(code / 262144)) byte(128 + int(code / 4096) % 64) byte(128 + int(code / 64) % 64) byte(128 + code % 64)
}

function byte(code) { return sprintf("%c", code) }

# --- writing JSON --------------------------------------------------------------------------------------------------

function json(h,   i, out) {
    if (T[h] == "z") return "null"
    if (T[h] == "s") return quoted(V[h])
    if (T[h] == "b" || T[h] == "n") return V[h]
    out = ""
    for (i = 1; i <= N[h]; i++) out = out (i > 1 ? "," : "") (T[h] == "o" ? quoted(K[h, i]) ":" : "") json(C[h, i])
    return T[h] == "o" ? "{" out "}" : "[" out "]"
}

function quoted(text,   out, c) {
    out = ""
    while (match(text, /[[:cntrl:]"\\]/)) {
        c = substr(text, RSTART, 1)
        out = out substr(text, 1, RSTART - 1) (c in ESCAPED ? ESCAPED[c] : sprintf("\\u%04x", ORD[c]))
        text = substr(text, RSTART + 1)
    }
    return "\"" out text "\""
}

# Records over several lines, for people.
function pretty(h, indent,   i, out, inner) {
    if ((T[h] != "o" && T[h] != "a") || N[h] == 0) return json(h)
    inner = indent "  "; out = ""
    for (i = 1; i <= N[h]; i++) {
        out = out (i > 1 ? ",\n" : "\n") inner (T[h] == "o" ? quoted(K[h, i]) ": " : "") pretty(C[h, i], inner)
    }
    return (T[h] == "o" ? "{" : "[") out "\n" indent (T[h] == "o" ? "}" : "]")
}

# --- the pure functions --------------------------------------------------------------------------------------------

# Stops: of what kind (`configuration`, `invalid`, `malformed`) and in which words.
function fail(kind, words) {
    printf "%s", words > ENVIRON["SCOPE_WORDS"]
    print kind
    FAILED = 1
    exit 0
}

function not_a(expected, h) {
    fail(EVALUATION, WHERE ": " expected " was expected, found " (T[h] == "s" ? "a text" : T[h] == "n" ? "a number" : T[h] == "b" ? "true or false" : T[h] == "a" ? "a list" : T[h] == "o" ? "a record" : "null"))
}

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
    if (T[container] == "o") return (container, text_of(element)) in F
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

function joined(a, b,   i, out) {
    if (T[a] == "s") { if (T[b] != "s") not_a("a text", b); return str(V[a] V[b]) }
    if (T[a] != "a") not_a("a text or a list", a)
    if (T[b] != "a") not_a("a list", b)
    out = copied(a)
    for (i = 1; i <= N[b]; i++) add(out, C[b, i])
    return out
}

function arithmetic(a, op, b,   x, y, r) {
    if (T[a] != "n") not_a("a number", a)
    if (T[b] != "n") not_a("a number", b)
    x = V[a] + 0; y = V[b] + 0
    if (op == "/" && y == 0) fail(EVALUATION, WHERE ": division by zero")
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
    if (y == 0) fail(EVALUATION, WHERE ": division by zero")
    if (y < 0) y = -y
    r = x - y * int(x / y)
    return num(number_text(r < 0 ? r + y : r))
}

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

# --- files, secrets and what the shell hands over ------------------------------------------------------------------

function shell_word(text,   out, place) {
    out = ""
    while (place = index(text, "'")) { out = out substr(text, 1, place - 1) "'\\''"; text = substr(text, place + 1) }
    return "'" out text "'"
}

# What a command prints, to the last byte.
function output_of(command,   line, text, piece) {
    text = ""; piece = ""
    command = "{ " command "\n} && echo x"
    while ((command | getline line) > 0) { piece = piece line "\n"; if (length(piece) > 65536) { text = text piece; piece = "" } }
    close(command)
    text = text piece
    if (substr(text, length(text) - 1) != "x\n") fail("configuration", "`" command "` failed")
    return substr(text, 1, length(text) - 2)
}

function without_newline(text) { return substr(text, length(text)) == "\n" ? substr(text, 1, length(text) - 1) : text }

function given_file(path) { return path ~ /^\// ? path : ENVIRON["SCOPE_FILES"] "/" path }
function file_text(path) { return str(output_of("cat < " shell_word(given_file(path)))) }
function secret_variable(name) { if (!(name in ENVIRON)) fail("configuration", "environment variable " name " is not set"); return str(ENVIRON[name]) }
function secret_file(path) { return str(without_newline(output_of("cat < " shell_word(given_file(path))))) }
function secret_command(command) { return str(without_newline(output_of(command))) }

# A value that the shell keeps in a file whose path is in an environment variable; null where there is none.
function kept(variable) {
    if (!(variable in KEPT)) {
        KEPT[variable] = NULL
        if (ENVIRON[variable] != "") {
            KEPT[variable] = parsed_file(ENVIRON[variable])
            if (JSON_ERROR != "") KEPT[variable] = NULL
        }
    }
    return KEPT[variable]
}

# An attribute or input: what the step gives, else what the resource had, else null.
function given(name) { return has_field(kept("SCOPE_INPUTS"), name) ? field(kept("SCOPE_INPUTS"), name) : field(kept("SCOPE_KNOWN"), name) }
function is_given(name) { return has_field(kept("SCOPE_INPUTS"), name) || has_field(kept("SCOPE_KNOWN"), name) }
function owner_mark() { return ENVIRON["SCOPE_MARK"] == "" ? NULL : str(ENVIRON["SCOPE_MARK"]) }
function answer_text() { if (ANSWER_TEXT == "") ANSWER_TEXT = str(output_of("dd bs=1048576 count=1 2>/dev/null < " shell_word(ENVIRON["SCOPE_BODY"]))); return ANSWER_TEXT }
function answer_errors() { return str(output_of("dd bs=1048576 count=1 2>/dev/null < " shell_word(ENVIRON["SCOPE_ERRORS"]))) }

# Response headers, their names in lower case, the last answer's only.
function answer_headers(   line, out, place, name) {
    out = record()
    while ((getline line < ENVIRON["SCOPE_HEADERS"]) > 0) {
        sub(/\r$/, "", line)
        if (line ~ /^HTTP\//) { out = record(); continue }
        place = index(line, ":")
        if (place < 2) continue
        name = tolower(substr(line, 1, place - 1)); line = substr(line, place + 1)
        sub(/^[ \t]+/, "", line)
        put(out, name, str(has_field(out, name) ? V[field(out, name)] ", " line : line))
    }
    close(ENVIRON["SCOPE_HEADERS"])
    return out
}

function site_part(driver) { return field(kept("SCOPE_SITE"), driver) }

function write_to(variable, text) { printf "%s", text > ENVIRON[variable]; close(ENVIRON[variable]) }

# --- requests ------------------------------------------------------------------------------------------------------

# What is filled in of a path is percent-encoded; what would lead to another address is refused.
function filled(path, h,   text) {
    text = text_of(h)
    if (path == "" && (text == "" || text ~ /^https?:\/\//)) return text
    if (index(path, "?") == 0 && (text == "" || text == "." || text == "..")) fail("invalid", WHERE ": an empty, `.` or `..` part would be another address")
    return path url(text)
}

function filled_url(path, text) {
    if (index(path, "?") == 0 && (text == "" || text == "." || text == "..")) fail("invalid", WHERE ": an empty, `.` or `..` part would be another address")
    return path text
}

# Sets ASKED to the text of a curl configuration; its values never stand in an argument list.
function ask(method, address, path,   url_) {
    if (path ~ /^https?:\/\//) url_ = path
    else {
        if (T[address] == "z") fail("no_service", "the site has no such service")
        url_ = text_of(address); sub(/\/+$/, "", url_)
        url_ = url_ (path == "" || path ~ /^[\/?]/ ? "" : "/") path
    }
    if (url_ !~ /^https?:\/\/[^\/]/) fail("configuration", "`" url_ "` is no HTTP address")
    ASKED_URL = url_; ASKED_METHOD = method; ASKED = ""; BODY = ""; HEADERS = record()
}

function ask_query(name, h,   i) {
    if (T[h] == "z") return
    if (T[h] == "a") { for (i = 1; i <= N[h]; i++) ask_query(name, C[h, i]); return }
    ASKED_URL = ASKED_URL (index(ASKED_URL, "?") ? "&" : "?") url(name) "=" url(text_of(h))
}

function ask_queries(h,   i) { for (i = 1; i <= N[h]; i++) ask_query(K[h, i], C[h, i]) }

function ask_header(name, h,   text) {
    if (T[h] == "z") return
    text = text_of(h)
    if (text ~ /[\r\n]/ || name ~ /[\r\n:]/) fail("invalid", "the header " name " would break the line")
    put(HEADERS, tolower(name), str(name ": " text))
}

function ask_headers(h,   i) { for (i = 1; i <= N[h]; i++) ask_header(K[h, i], C[h, i]) }

function ask_json(h) {
    BODY = json(h)
    if (!has_field(HEADERS, "content-type")) put(HEADERS, "content-type", str("Content-Type: application/json"))
}

function config_line(name, text,   out, c) {
    out = ""
    while (match(text, /["\\\n\r\t]/)) {
        c = substr(text, RSTART, 1)
        out = out substr(text, 1, RSTART - 1) (c == "\n" ? "\\n" : c == "\r" ? "\\r" : c == "\t" ? "\\t" : "\\" c)
        text = substr(text, RSTART + 1)
    }
    return name " = \"" out text "\"\n"
}

# Writes the request for curl. `content` is the path of a file to be sent as it is.
function asked(content,   i, out) {
    out = config_line("url", ASKED_URL)
    if (ASKED_METHOD == "HEAD") out = out "head\n"
    else out = out config_line("request", ASKED_METHOD)
    if (!has_field(HEADERS, "accept")) put(HEADERS, "accept", str("Accept: application/json, */*;q=0.5"))
    for (i = 1; i <= N[HEADERS]; i++) out = out config_line("header", V[C[HEADERS, i]])
    out = out config_line("header", "Expect:")
    if (content != "") out = out config_line("upload-file", content)
    else if (BODY != "") { write_to("SCOPE_REQUEST", BODY); out = out config_line("data-binary", "@" ENVIRON["SCOPE_REQUEST"]) }
    else if (ASKED_METHOD == "POST" || ASKED_METHOD == "PUT" || ASKED_METHOD == "PATCH") out = out config_line("header", "Content-Length: 0")
    write_to("SCOPE_CURL", out)
    write_to("SCOPE_ASKED", ASKED_METHOD " " ASKED_URL)
    return "ok"
}

# A command: a file for sh that sets the environment and becomes the program.
function run() { COMMAND = "exec"; EXPORTS = "" }
function run_word(h,   i) {
    if (T[h] == "z") return
    if (T[h] == "a") { for (i = 1; i <= N[h]; i++) run_word(C[h, i]); return }
    COMMAND = COMMAND " " shell_word(text_of(h))
}
function run_variable(name, h) {
    if (T[h] == "z") return
    if (name !~ /^[A-Za-z_][A-Za-z0-9_]*$/) fail("invalid", "`" name "` cannot be the name of a variable")
    EXPORTS = EXPORTS "export " name "=" shell_word(text_of(h)) "\n"
}
function run_variables(h,   i) { for (i = 1; i <= N[h]; i++) run_variable(K[h, i], C[h, i]) }
function run_file(name, h,   path) {
    if (T[h] == "z") return
    path = run_path(name)
    printf "%s", (T[h] == "o" || T[h] == "a" ? json(h) : text_of(h)) > path
    close(path)
    if (PATHS == "") PATHS = record()
    put(PATHS, name, str(path))
}
function run_content(name, content,   path) {
    path = run_path(name)
    if (content == "") return
    if (PATHS == "") PATHS = record()
    put(PATHS, name, str(content))
}
function run_path(name) {
    if (name !~ /^[A-Za-z0-9_][-A-Za-z0-9_.]*$/) fail("invalid", "`" name "` cannot be the name of a file")
    return ENVIRON["SCOPE_FOLDER"] "/file." name
}
function run_all(h,   i) { for (i = 1; i <= N[h]; i++) run_file(K[h, i], C[h, i]) }
function paths() { return PATHS == "" ? record() : PATHS }
function run_input(h) { if (T[h] != "z") write_to("SCOPE_REQUEST", T[h] == "o" || T[h] == "a" ? json(h) : text_of(h)); else write_to("SCOPE_REQUEST", "") }
function ran(   words) {
    write_to("SCOPE_COMMAND", EXPORTS COMMAND "\n")
    split(COMMAND, words, " ")
    write_to("SCOPE_ASKED", words[2])
    return "ok"
}

# --- answers -------------------------------------------------------------------------------------------------------

# What an answer means, and its value.
function means(meaning, h) { write_to("SCOPE_VALUE", json(h)); return meaning }
function means_in_words(meaning, h) { write_to("SCOPE_WORDS", words_of(h)); return meaning }
function words_of(h) { return plain(T[h] == "s" || T[h] == "n" || T[h] == "b" ? V[h] : T[h] == "z" ? site_words() : json(h)) }

# The site's own words: of a JSON answer the longest text under a key that looks like a message, else the text.
function site_words(   h, text) {
    LONGEST = ""
    h = kept("SCOPE_BODY")
    if (T[h] == "s") LONGEST = V[h]
    else if (T[h] != "z") longest_message(h, 0, 0)
    if (LONGEST != "") return LONGEST
    text = V[answer_text()]
    if (text == "" && ENVIRON["SCOPE_ERRORS"] != "") text = V[answer_errors()]
    text = substr(text, 1, 65536)
    if (tolower(substr(text, 1, 1024)) ~ /<html|<!doctype|<body|<h1|<p>|<br/) {
        gsub(/<head.*<\/head>/, " ", text); gsub(/<[^>]*>/, " ", text)
        gsub(/&lt;/, "<", text); gsub(/&gt;/, ">", text); gsub(/&quot;/, "\"", text); gsub(/&#39;/, "'", text); gsub(/&amp;/, "\\&", text)
    }
    return text
}

function longest_message(h, is_message, depth,   i) {
    if (depth > 32) return
    if (T[h] == "s" && is_message && length(V[h]) > length(LONGEST)) LONGEST = V[h]
    for (i = 1; i <= N[h]; i++) {
        longest_message(C[h, i], T[h] == "o" ? tolower(K[h, i]) ~ /^(message|msg|details?|reason|explanation|(error_)?description|errors?|fault|faultstring|title|cause|info)$/ : is_message, depth + 1)
    }
}

# One line without control characters, of bounded length, no secret in it.
function plain(text) {
    gsub(/[[:cntrl:]]/, " ", text); gsub(/  +/, " ", text); sub(/^ /, "", text); sub(/ $/, "", text)
    text = masked(text)
    return length(text) > 600 ? substr(text, 1, 600) "..." : text
}

function hide(text, secret,   place, out) {
    if (length(secret) < 4) return text
    out = ""
    while (place = index(text, secret)) { out = out substr(text, 1, place - 1) "***"; text = substr(text, place + length(secret)) }
    return out text
}

# --- resources -----------------------------------------------------------------------------------------------------

function identity_of(h, attribute) { return T[h] == "o" ? field(h, attribute) : h }

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

# The attributes in SCOPE_SET that the resource has otherwise: `none`, `update a, b` or `replace a, b`; changes are written.
function changes_of(   set, known, i, name, found, wanted, changed, names, fixed) {
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

# Of the resources in SCOPE_VALUE those of this name or identity: `one`, `none`, or `several`; the one is written as a value.
function chosen(text, name_attribute, identity, mark_path,   found, i, n, h, ours, name, shown) {
    found = kept("SCOPE_VALUE"); n = 0; ours = ""; name = str(text); shown = ""
    if (T[found] != "a") found = T[found] == "o" ? add(list(), found) : list()
    for (i = 1; i <= N[found]; i++) {
        h = normal(C[found, i])
        if (text != "" && !equal(field(h, identity), name) && !(name_attribute != "" && (!has_field(h, name_attribute) || equal(field(h, name_attribute), name)))) continue
        if (!passes(h)) continue
        if (mark_path != "" && bears(h, mark_path)) { if (ours == "") ours = h; continue }
        n++; MATCH = h
        if (n <= 10) shown = shown (n > 1 ? "; " : "") candidate(h, identity)
    }
    if (ours != "") { write_to("SCOPE_KNOWN", json(ours)); return "ours" }
    if (n == 0) return "none"
    if (n == 1) { write_to("SCOPE_KNOWN", json(MATCH)); write_to("SCOPE_WORDS", plain(shown)); return "one" }
    write_to("SCOPE_WORDS", n " are there: " plain(shown))
    return "several"
}

function candidate(h, identity) {
    return text_or(field(h, identity), "?") (T[field(h, "status")] == "s" ? " (" V[field(h, "status")] ")" : "")
}

function text_or(h, otherwise) { return T[h] == "s" || T[h] == "n" ? V[h] : otherwise }

# A page of a list behind those before it.
function with_page(   all, page) {
    all = kept("SCOPE_LIST"); page = kept("SCOPE_VALUE")
    if (T[all] != "a") all = list(); else all = copied(all)
    if (T[page] == "a") appended(all, page)
    write_to("SCOPE_VALUE", json(all))
    return "ok"
}

# What is known after an answer: the new record over the old one over the inputs.
function learnt(   fresh, old) {
    fresh = kept("SCOPE_VALUE"); old = kept("SCOPE_KNOWN")
    if (T[old] != "o") old = record()
    write_to("SCOPE_KNOWN", json(T[fresh] == "o" ? merged(old, normal(fresh)) : old))
    return "ok"
}

function start(   i, parts, n) {
    for (i = 1; i < 256; i++) ORD[sprintf("%c", i)] = i
    NULL = made("z", ""); TRUE = made("b", "true"); FALSE = made("b", "false")
    ESCAPED["\""] = "\\\""; ESCAPED["\\"] = "\\\\"; ESCAPED["\n"] = "\\n"; ESCAPED["\r"] = "\\r"; ESCAPED["\t"] = "\\t"
    UNESCAPED["\""] = "\""; UNESCAPED["\\"] = "\\"; UNESCAPED["/"] = "/"; UNESCAPED["b"] = "\b"; UNESCAPED["f"] = "\f"
    UNESCAPED["n"] = "\n"; UNESCAPED["r"] = "\r"; UNESCAPED["t"] = "\t"
    EVALUATION = "invalid"; WHERE = "the program"
}
