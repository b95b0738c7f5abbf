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
