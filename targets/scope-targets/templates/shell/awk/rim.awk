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

function given_file(path) { if (path ~ /^~\//) return ENVIRON["HOME"] substr(path, 2); return path ~ /^\// ? path : ENVIRON["SCOPE_FILES"] "/" path }
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

# An attribute of the resource as it was seen; what a site never tells, as it was given.
function seen(name,   h) { h = field(kept("SCOPE_KNOWN"), name); return is_null(h) ? field(kept("SCOPE_INPUTS"), name) : h }

# An attribute or input: what the step gives, else what the resource had, else null.
function given(name) { return has_field(kept("SCOPE_INPUTS"), name) ? field(kept("SCOPE_INPUTS"), name) : field(kept("SCOPE_KNOWN"), name) }
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

function write_to(variable, text) { printf "%s", text > ENVIRON[variable]; close(ENVIRON[variable]) }
