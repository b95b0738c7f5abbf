# --- the verbs -------------------------------------------------------------------------------------------------------

# ensure ADOPT: look up, then create, adopt, update or nothing.
ensure() {
    MEANING=$(js "inputs_$STEP")
    [ "$MEANING" = ok ] || { judge; return 0; }
    make_content
    locate
    EFFECT=unchanged
    case $FOUND in
        failed) judge; return 0 ;;
        several) end invalid "several are called so at $SITE_NAME, none with this program's mark: $(words)"; return 0 ;;
        one)
            if [ "$1" = no ]; then
                end invalid "one is called so at $SITE_NAME without this program's mark: $(words); write \`adopt: true\` to take it over"
                return 0
            fi
            remember "adopted $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
            EFFECT=adopted
            ;;
        ours) [ -n "$(recall resource "$NAME" "$SITE_NAME" "$TYPE_NAME")" ] || remember "started $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME" ;;
    esac
    how=$(recall resource "$NAME" "$SITE_NAME" "$TYPE_NAME")
    how=${how%% *}
    if [ "$FOUND" != none ] && [ "$how" != adopted ] && [ -n "$BROKEN" ] && [ "$(js "$BROKEN")" = yes ]; then
        debug "$NAME at $SITE_NAME is broken: made again"
        remove
        [ "$MEANING" = gone ] || { judge; return 0; }
        forget resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
        rm -f -- "$W/known"
        FOUND=none EFFECT=replaced
    fi
    if [ "$FOUND" = none ]; then
        create created
        [ -z "$RESULT" ] || return 0
        [ "$EFFECT" = replaced ] || EFFECT=created
        end 'done' "$(js part SCOPE_KNOWN status)"
        return 0
    fi
    if [ "$how" = started ]; then
        # An earlier run was stopped before it was complete.
        if [ -z "$READY" ] || [ "$(js "$READY")" != yes ]; then
            make_complete
            [ "$MEANING" = ok ] || { judge_ready; return 0; }
            EFFECT=created
        fi
        remember "created $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
    fi
    case $(js changes_of "$TYPE") in
        none) ;;
        update)
            changed=$(words)
            [ -n "$UPDATE" ] || { end invalid "$SITE_NAME has other values of $changed, and \`$TYPE_NAME\` cannot be changed"; return 0; }
            ask "$UPDATE"
            case $MEANING in done | found) learn ;; *) judge; return 0 ;; esac
            read_again
            wait_ready "$READY" "${READY_WITHIN:-$READY_SECONDS}" "$READY_EVERY"
            [ "$MEANING" = ok ] || { judge_ready; return 0; }
            EFFECT=updated
            end 'done' "$changed set back"
            return 0
            ;;
        *) end invalid "$SITE_NAME has another value of $(words), which cannot be changed after creation"; return 0 ;;
    esac
    end 'done' ''
}

make_content() {
    [ -z "$CONTENT_FILE" ] || SCOPE_CONTENT=$CONTENT_FILE
    if [ "$CONTENT_TEXT" = yes ]; then
        js "content_$STEP" >/dev/null
        mv -- "$W/value" "$W/content"
        SCOPE_CONTENT=$W/content
    fi
}

# lookup: find exactly one.
look_up() {
    MEANING=$(js "inputs_$STEP")
    [ "$MEANING" = ok ] || { judge; return 0; }
    wanted=$(js part SCOPE_INPUTS "${NAMED_BY:-$IDENTITY}")
    FOUND=none
    if [ -n "$FIND" ]; then
        ask "$FIND"
        case $MEANING in
            list | found | done) FOUND=$(js chosen "${wanted:+1}" "${NAMED_BY:-$IDENTITY}" "$IDENTITY" '') ;;
            not_found | gone) ;;
            *) judge; return 0 ;;
        esac
    fi
    case $FOUND in
        several) end invalid "several are called so at $SITE_NAME: $(words)"; return 0 ;;
        one)
            read_again
            [ "$MEANING" = ok ] || { judge; return 0; }
            ;;
        none)
            [ -n "$READ" ] && [ -n "$wanted" ] || { end unavailable "$SITE_NAME has none called \`$wanted\`"; return 0; }
            js identified "$IDENTITY" "$wanted" >/dev/null
            read_again
            case $MEANING in
                ok) ;;
                not_found | invalid) end unavailable "$SITE_NAME has no \`$wanted\`"; return 0 ;;
                *) judge; return 0 ;;
            esac
            ;;
    esac
    rm -f -- "$W/inputs"
    EFFECT=found
    end 'done' ''
}

# bring EVERY STEP:SITE…: a copy of what the first of these steps found, unless it is here already.
bring() {
    every=$1
    shift
    source='' lacking=''
    for candidate in "$@"; do
        eval "state=\$state_${candidate%%:*} cut=\${cut_${candidate%%:*}:-no}"
        if [ "$state" = 'done' ]; then
            if [ -z "$source" ] || [ "${candidate#*:}" = "$AT" ]; then source=$candidate; fi
        elif [ "$cut" = no ]; then
            lacking="$lacking ${candidate#*:}"
        fi
    done
    if [ "$every" = yes ] && [ -n "$lacking" ]; then
        for candidate in $lacking; do site_"$candidate"; end unavailable "$SITE_NAME does not have it, and every site named must"; done
        return 0
    fi
    [ -n "$source" ] || { end unavailable "no site that is named for it has it and answers"; return 0; }
    cp -- "$W/output.${source%%:*}" "$W/source"
    if [ "${source#*:}" = "$AT" ]; then
        cp -- "$W/source" "$W/output.$STEP"
        EFFECT=found
        end 'done' 'it is there'
        return 0
    fi
    [ -n "$IS_COPIED" ] || { end invalid "\`$TYPE_NAME\` cannot be copied to another site"; return 0; }
    js copy_inputs "$KEPT" "$CONTENT_NAME" >/dev/null
    site_"${source#*:}"
    from=$SITE_NAME
    site_"$AT"
    locate
    EFFECT=unchanged
    case $FOUND in
        failed) judge; return 0 ;;
        several) end invalid "several are called so at $SITE_NAME: $(words)"; return 0 ;;
        one)
            if [ -n "$SAME" ] && [ "$(js sameness "$SAME")" != equal ]; then
                end invalid "$SITE_NAME has another one of the same name or identity: $(words)"
                return 0
            fi
            ;;
        none) copy_from "${source#*:}" || return 0 ;;
        *)
            if [ -n "$READY" ] && [ "$(js "$READY")" != yes ]; then
                # An earlier run was stopped before the copy was complete.
                fetch_content "${source#*:}" || return 0
                make_complete
                [ "$MEANING" = ok ] || { judge_ready; return 0; }
                remember "borrowed $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
                EFFECT=borrowed
            fi
            ;;
    esac
    proof=''
    if [ -n "$SAME" ]; then
        case $(js sameness "$SAME") in
            equal) proof=", $SAME equal: $(js part SCOPE_KNOWN "$SAME")" ;;
            other) end invalid "the copy at $SITE_NAME has another $SAME than the original at $from"; return 0 ;;
        esac
    fi
    end 'done' "from $from$proof"
}

copy_from() {
    fetch_content "$1" || return 1
    create borrowed
    [ -z "$RESULT" ] || return 1
    EFFECT=borrowed
}

# Downloads the content of the original; the site of the copy is entered again afterwards.
fetch_content() {
    [ -n "$CONTENT_NAME" ] && [ -n "$DOWNLOAD" ] || return 0
    cp -- "$W/inputs" "$W/inputs.copy"
    [ ! -f "$W/known" ] || cp -- "$W/known" "$W/known.copy"
    cp -- "$W/source" "$W/known"
    rm -f -- "$W/inputs"
    enter "$1" "$DRIVER"
    [ "$MEANING" != ok ] || ask "$DOWNLOAD"
    if [ "$MEANING" != content ]; then
        judge
        RESULT=${RESULT#unreachable}
        [ -n "$RESULT" ] || RESULT=unavailable
        return 1
    fi
    mv -- "$W/body" "$W/content"
    SCOPE_CONTENT=$W/content
    enter "$AT" "$DRIVER"
    mv -- "$W/inputs.copy" "$W/inputs"
    rm -f -- "$W/known"
    [ ! -f "$W/known.copy" ] || mv -- "$W/known.copy" "$W/known"
    [ "$MEANING" = ok ] || { judge; return 1; }
}

# call OPERATION ONCE PRINTS: one explicit operation.
call() {
    called=$1 once=$2 prints=$3
    MEANING=$(js "inputs_$STEP")
    [ "$MEANING" = ok ] || { judge; return 0; }
    make_content
    digest=$(cksum <"$W/inputs")
    if [ "$once" = yes ]; then
        again=no
        for name in $AGAIN; do [ "$name" != "$NAME" ] || again=yes; done
        if [ "$again" = no ]; then
            done_before=$(recall call "$KEY")
            case $done_before in
                "sent $digest")
                    end unknown "an earlier run sent it and got no answer; --again $NAME sends it again"
                    return 0
                    ;;
                "done $digest")
                    [ ! -f "$STATE/result.$STEP" ] || cp -- "$STATE/result.$STEP" "$W/output.$STEP"
                    EFFECT=unchanged
                    end 'done' 'it was done by an earlier run'
                    return 0
                    ;;
            esac
        fi
    fi
    operation_"$called"
    acts_on=$ACTS_ON call_ready=$OPERATION_READY call_within=$OPERATION_WITHIN call_every=$OPERATION_EVERY call_repeat=$REPEAT
    if [ "$acts_on" = one ] && [ -z "$(js part SCOPE_INPUTS "$IDENTITY")" ]; then
        locate
        case $FOUND in
            failed) judge; return 0 ;;
            several) end invalid "several are called so at $SITE_NAME: $(words)"; return 0 ;;
            none) end unavailable "$SITE_NAME has none called so"; return 0 ;;
        esac
    fi
    ask "$called"
    case $MEANING in
        done | found | list | exists | gone | content) ;;
        lost)
            if [ "$call_repeat" = none ]; then
                [ "$once" = no ] || remember "sent $digest" call "$KEY"
                end unknown "it was sent, but the answer was lost, and sending it again is not safe"
                return 0
            fi
            judge
            return 0
            ;;
        *) judge; return 0 ;;
    esac
    if [ -f "$W/value" ]; then cp -- "$W/value" "$W/output.$STEP"; else printf 'null' >"$W/output.$STEP"; fi
    if [ -n "$call_ready" ]; then
        read_again
        wait_ready "$call_ready" "$call_within" "$call_every"
        [ "$MEANING" = ok ] || { judge_ready; return 0; }
    fi
    if [ "$once" = yes ]; then
        remember "done $digest" call "$KEY"
        cp -- "$W/output.$STEP" "$STATE/result.$STEP"
    fi
    EFFECT=called
    if [ "$prints" = yes ]; then
        EFFECT=printed
        SCOPE_SHOWN=$W/output.$STEP js shown_value SCOPE_SHOWN >"$W/shown.$STEP"
    fi
    end 'done' ''
}

# delete_it: what the program does not name any more.
delete_it() {
    MEANING=$(js "inputs_$STEP")
    [ "$MEANING" = ok ] || { judge; return 0; }
    js identified "$IDENTITY" "$(js part SCOPE_INPUTS "$IDENTITY")" >/dev/null
    remove
    [ "$MEANING" = gone ] || { judge; return 0; }
    forget resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
    EFFECT=deleted
    end 'done' ''
}
