# --- the machinery: knows no application ----------------------------------------------------------------------------

now() { date +%s; }
say() { printf '%s\n' "$*"; }
tell() { printf '%s\n' "$*" >&2; }
debug() { [ "$VERBOSE" = no ] || tell "  ....    $*"; }

# Ends because of the program's or the user's doing, before anything was sent.
refuse() {
    tell "error: $1"
    [ $# -lt 2 ] || tell "  help: $2"
    exit 3
}

# Runs a function of the awk program: its answer is one word.
js() { awk -f "$W/program.awk" "$@"; }

words() { [ ! -s "$W/words" ] || cat "$W/words"; }

# --- start and end ---------------------------------------------------------------------------------------------------

usage() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

begin() {
    VERBOSE=no FILES='' STATE='' AGAIN='' RECONSIDER=no W='' ON_UNKNOWN=ask
    while [ $# -gt 0 ]; do
        case $1 in
            -h | --help) usage; exit 0 ;;
            -v | --verbose) VERBOSE=yes ;;
            --reconsider) RECONSIDER=yes ;;
            --files | --state | --again)
                [ $# -gt 1 ] || refuse "\`$1\` needs a value"
                case $1 in
                    --files) FILES=$2 ;;
                    --state) STATE=$2 ;;
                    *) AGAIN="$AGAIN $2" ;;
                esac
                shift
                ;;
            *) refuse "\`$1\` is no argument of this script" "sh $0 --help" ;;
        esac
        shift
    done
    for tool in awk curl date dd od sed cat cp mv rm mkdir tr wc; do
        command -v "$tool" >/dev/null 2>&1 || refuse "this script needs \`$tool\`, which is not there"
    done
    [ -n "$FILES" ] || FILES=$(dirname -- "$0")
    FILES=$(cd -- "$FILES" && pwd) || refuse "there is no folder for the program's files" "--files DIR"
    [ -n "$STATE" ] || STATE=$FILES/.scope/$STEM.shell
    umask 077
    W=${TMPDIR:-/tmp}/scope.$$.$(random)
    mkdir -- "$W" || refuse "no folder for temporary files can be made" "set TMPDIR"
    trap 'finish' EXIT
    trap 'interrupted' INT TERM HUP
    export SCOPE_FOLDER="$W" SCOPE_FILES="$FILES" SCOPE_WORDS="$W/words" SCOPE_VALUE="$W/value" SCOPE_LIST="$W/list"
    export SCOPE_CURL="$W/curl" SCOPE_REQUEST="$W/request" SCOPE_COMMAND="$W/command" SCOPE_ASKED="$W/asked"
    export SCOPE_BODY="$W/body" SCOPE_HEADERS="$W/headers" SCOPE_ERRORS="$W/errors"
    export SCOPE_INPUTS="$W/inputs" SCOPE_SET="$W/set" SCOPE_KNOWN="$W/known" SCOPE_CHANGES="$W/changes"
    export SCOPE_FILTER="$W/filter" SCOPE_SOURCE="$W/source"
    export SCOPE_SITE='' SCOPE_SESSION='' SCOPE_MARK='' SCOPE_CONTENT='' SCOPE_KEY='' SCOPE_PAGE='' SCOPE_BY='' SCOPE_TYPE=''
    LOCKED=no INTERRUPTED=no
    write_program
    check_secrets
    check_files
    lock
    STARTED=$(now)
}

random() { od -An -N8 -tx1 /dev/urandom | tr -d ' \n'; }

finish() {
    code=$?
    trap - EXIT INT TERM HUP
    [ "$LOCKED" = no ] || rm -rf -- "$STATE/lock"
    [ -z "$W" ] || rm -rf -- "$W"
    exit "$code"
}

interrupted() {
    INTERRUPTED=yes
    tell "interrupted: run it again to go on"
    exit 130
}

check_secrets() {
    unset_variables=''
    for variable in $VARIABLES; do
        eval "is_set=\${$variable+yes}"
        [ "${is_set:-no}" = yes ] || unset_variables="$unset_variables $variable"
    done
    [ -z "$unset_variables" ] || refuse "not set, but needed for secrets:$unset_variables" "export them and run again; nothing was sent"
}

# A file of the program: it must be what it was when the script was made.
check_file() {
    file=$(js given_file "$1")
    [ -f "$file" ] || refuse "the file \`$1\` is not there" "--files DIR says where the program's files are"
    size=$(wc -c <"$file" | tr -d ' ')
    [ "$size" = "$2" ] || refuse "the file \`$1\` has changed since this script was made: $2 bytes expected, $size found" "make the script again"
    if command -v sha256sum >/dev/null 2>&1; then
        digest=$(sha256sum <"$file")
        digest=${digest%% *}
        [ "$digest" = "$3" ] || refuse "the file \`$1\` has changed since this script was made" "make the script again"
    fi
}
