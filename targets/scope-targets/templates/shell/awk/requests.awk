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

# A request, gathered by ask_… and written by asked(): its values never stand in an argument list.
function ask(method, address, path,   url_) {
    if (path ~ /^https?:\/\//) url_ = path
    else {
        if (T[address] != "s" || V[address] == "") fail("no_service", "the site has no such service")
        url_ = V[address]; sub(/\/+$/, "", url_)
        url_ = url_ (path == "" || path ~ /^[\/?]/ ? "" : "/") path
    }
    if (ENVIRON["SCOPE_PAGE"] != "") url_ = next_address(url_, address)
    if (url_ !~ /^https?:\/\/[^\/]/) fail("configuration", "`" url_ "` is no HTTP address")
    ASKED_URL = url_; ASKED_METHOD = method; BODY = ""; HEADERS = record(); QUERY = record()
}

# The next page of a list: a path of the service, or another path and query at the same host (ours is kept: behind a
# proxy, sites know their own address badly).
function next_address(url_, address,   next_, origin) {
    next_ = ENVIRON["SCOPE_PAGE"]
    if (next_ ~ /^\/[^\/]/ || next_ == "/") { origin = text_of(address); sub(/\/+$/, "", origin); return origin next_ }
    match(url_, /^https?:\/\/[^\/?]*/)
    origin = substr(url_, 1, RLENGTH)
    if (next_ ~ /^https?:\/\//) {
        if (host_of(next_) != host_of(url_)) fail("malformed", "the next page is at another host")
        sub(/^https?:\/\/[^\/?]*/, "", next_)
        return origin next_
    }
    if (next_ ~ /^\?/) { sub(/\?.*$/, "", url_); return url_ next_ }
    fail("malformed", "the address of the next page is none")
}

function host_of(url_) { sub(/^https?:\/\//, "", url_); sub(/[:\/?].*$/, "", url_); return url_ }

function ask_query(name, h,   i, all) {
    if (T[h] == "z") return
    all = list()
    if (T[h] == "a") { for (i = 1; i <= N[h]; i++) if (T[C[h, i]] != "z") add(all, C[h, i]) }
    else add(all, h)
    put(QUERY, name, all)
}

function ask_queries(h,   i) { for (i = 1; i <= N[h]; i++) ask_query(K[h, i], C[h, i]) }

function ask_header(name, h) {
    if (T[h] != "z" && (text_of(h) ~ /[\r\n]/ || name ~ /[\r\n:]/)) fail("invalid", "the header " name " would break the line")
    put(HEADERS, tolower(name), T[h] == "z" ? NULL : str(name (V[h] == "" ? ";" : ": " V[h])))
}

function ask_headers(h,   i) { for (i = 1; i <= N[h]; i++) ask_header(K[h, i], C[h, i]) }
function default_type(type) { if (is_null(field(HEADERS, "content-type"))) ask_header("Content-Type", str(type)) }

# JSON, unless the driver says another type of a text.
function ask_body(h) {
    if (T[h] == "z") return
    if (T[h] == "s" && T[field(HEADERS, "content-type")] == "s" && V[field(HEADERS, "content-type")] !~ /json/) { BODY = V[h]; return }
    default_type("application/json")
    BODY = json(h)
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
function asked(content,   i, j, out, query, tls) {
    query = ""
    for (i = 1; i <= N[QUERY]; i++) {
        for (j = 1; j <= N[C[QUERY, i]]; j++) query = query (query == "" ? "" : "&") url(K[QUERY, i]) "=" url(text_of(C[C[QUERY, i], j]))
    }
    if (query != "" && ENVIRON["SCOPE_PAGE"] == "") ASKED_URL = ASKED_URL (index(ASKED_URL, "?") ? "&" : "?") query
    if (content != "") default_type("application/octet-stream")
    out = config_line("url", ASKED_URL)
    if (ASKED_METHOD == "HEAD") out = out "head\n"
    else out = out config_line("request", ASKED_METHOD)
    if (!has_field(HEADERS, "accept")) ask_header("Accept", str("application/json, */*;q=0.5"))
    for (i = 1; i <= N[HEADERS]; i++) if (T[C[HEADERS, i]] == "s") out = out config_line("header", V[C[HEADERS, i]])
    if (!has_field(HEADERS, "expect")) out = out config_line("header", "Expect:")
    if (content != "") out = out config_line("upload-file", content)
    else if (BODY != "") { write_to("SCOPE_REQUEST", BODY); out = out config_line("data-binary", "@" ENVIRON["SCOPE_REQUEST"]) }
    else if (ASKED_METHOD == "POST" || ASKED_METHOD == "PUT" || ASKED_METHOD == "PATCH") out = out config_line("header", "Content-Length: 0")
    tls = field(kept("SCOPE_SITE"), "tls")
    if (T[field(tls, "ca")] == "s") out = out config_line("cacert", pem(V[field(tls, "ca")], "ca"))
    if (T[field(tls, "client_cert")] == "s") out = out config_line("cert", pem(V[field(tls, "client_cert")], "cert"))
    if (T[field(tls, "client_key")] == "s") out = out config_line("key", pem(V[field(tls, "client_key")], "key"))
    if (field(tls, "verify") == FALSE) out = out "insecure\n"
    # The environment's proxies are used as curl does, but never to reach this very machine.
    if (host_of(ASKED_URL) ~ /^(localhost|127[.].*|\[)$/) out = out config_line("noproxy", "*")
    write_to("SCOPE_CURL", out)
    out = ASKED_URL; sub(/^https?:\/\/[^\/]*/, "", out)
    write_to("SCOPE_ASKED", plain(ASKED_METHOD " " out))
    return "ok"
}

# The setting is PEM text itself or the path of a file.
function pem(text, name,   path) {
    if (text !~ /-----BEGIN/) return given_file(text)
    path = ENVIRON["SCOPE_FOLDER"] "/" name ".pem"
    printf "%s", text > path
    close(path)
    return path
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
