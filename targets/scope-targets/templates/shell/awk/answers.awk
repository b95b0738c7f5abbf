# --- answers -------------------------------------------------------------------------------------------------------

# What an answer means, and its value.
function means(meaning, h) { write_to("SCOPE_VALUE", json(h)); return meaning }
function means_record(meaning, h) {
    if (T[h] != "o") fail("malformed", "the answer is not the record of a resource")
    return means(meaning, h)
}
function means_list(h,   i) {
    if (T[h] == "z") h = list()
    if (T[h] != "a") fail("malformed", "the answer is not a list of resources")
    for (i = 1; i <= N[h]; i++) if (T[C[h, i]] != "o") fail("malformed", "the answer is not a list of resources")
    return means("list", h)
}
# A bad answer, in the rule's own words if the answer has them.
function means_in_words(meaning, h,   words) {
    words = T[h] == "s" && V[h] ~ /[^ \t\n]/ ? plain(V[h]) : plain(site_words())
    if (words == "") words = ENVIRON["SCOPE_BY"] == "exec" ? "exit status " ANSWER_STATUS : "HTTP status " ANSWER_STATUS
    write_to("SCOPE_WORDS", words)
    return meaning
}
function in_codes(first_, last) { return ANSWER_STATUS >= first_ && ANSWER_STATUS <= last }
# An answer that says it is JSON must be.
function is_broken_json() {
    if (ANSWER_STATUS < 200 || ANSWER_STATUS > 299 || V[answer_text()] == "") return 0
    if (T[field(answer_headers(), "content-type")] != "s" || V[field(answer_headers(), "content-type")] !~ /json/) return 0
    parsed_file(ENVIRON["SCOPE_BODY"])
    return JSON_ERROR != ""
}
function without_rule(   words) {
    if (ENVIRON["SCOPE_BY"] == "exec") { if (ANSWER_STATUS != 0) return means_in_words("invalid", NULL) }
    else if (ANSWER_STATUS == 401 || ANSWER_STATUS == 403) return means_in_words("denied", NULL)
    else if (ANSWER_STATUS == 429) return means_in_words("busy", NULL)
    else if (ANSWER_STATUS >= 500) return means_in_words("unavailable", NULL)
    else if (ANSWER_STATUS >= 400) return means_in_words("invalid", NULL)
    words = plain(site_words())
    write_to("SCOPE_WORDS", "the driver has no rule for the answer " ANSWER_STATUS (words == "" ? "" : ": " words))
    return "malformed"
}
function softly() { SOFT = 1; BROKEN = 0 }
function hardly(h) { SOFT = 0; return BROKEN ? NULL : h }
function held(truth_) { SOFT = 0; return truth_ && !BROKEN }

# The site's own words: of a JSON answer the longest text under a key that looks like a message, else the text.
function site_words(   h, text) {
    LONGEST = ""
    h = ENVIRON["SCOPE_BY"] == "exec" ? NULL : kept("SCOPE_BODY")
    if (T[h] == "s") LONGEST = V[h]
    else if (T[h] != "z") longest_message(h, 0, 0)
    if (LONGEST != "") return LONGEST
    text = V[answer_text()]
    if (ENVIRON["SCOPE_BY"] == "exec" && V[answer_errors()] ~ /[^ \t\n]/) text = V[answer_errors()]
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
