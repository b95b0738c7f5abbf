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
