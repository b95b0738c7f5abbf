# --- the verbs -------------------------------------------------------------------------------------------------------

# ensure ADOPT: look up, then create, adopt, update or nothing.
ensure() {
    MEANING=$(js "inputs_$STEP")
    [ "$MEANING" = ok ] || { judge; return 0; }
    make_content
    locate
    EFFECT=unchanged
    how=$(recall resource "$NAME" "$SITE_NAME" "$TYPE_NAME")
    how=${how%% *}
    case $FOUND in
        failed) judge; return 0 ;;
        # The state was lost, or the run that made it was: whether all of it was done is not known.
        ours) how=started ;;
        one | several)
            lost=no
            if [ -z "$MARK_PATH" ] && [ -n "$(recall sent "$KEY")" ]; then lost=yes; fi
            if [ "$FOUND" = one ] && [ "$lost" = yes ]; then
                # Before a request that was sent, none was there: this one is its effect.
                how=started
            elif [ "$FOUND" = one ] && [ "$1" = yes ]; then
                how=adopted
                EFFECT=adopted
            elif [ "$IS_DEED" = yes ]; then
                # A deed that was done already, by whomever.
                how=adopted
            elif [ "$FOUND" = one ]; then
                end invalid "$SITE_NAME has one like it that this program did not make: $(words); write \`with { adopt: true }\` to take it over"
                return 0
            else
                end invalid "$SITE_NAME has several like it that this program did not make: $(words)"
                return 0
            fi
            ;;
    esac
    if [ "$FOUND" != none ] && [ "$how" != adopted ] && [ -n "$BROKEN" ] && [ "$(js "$BROKEN")" = yes ]; then
        debug "$NAME at $SITE_NAME is broken: it is deleted and made again"
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
    [ "$FOUND" = recorded ] || remember "$how $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
    forget sent "$KEY"
    if [ "$how" = started ]; then
        # What an earlier attempt or run did not finish. It belongs to this one where something was left to do.
        if [ -n "$READY" ] && [ "$(js "$READY")" != yes ] || [ "$FOUND" = recorded ]; then
            CREATED=yes
            EFFECT=created
        fi
        make_complete
        [ "$MEANING" = ok ] || { judge_ready; return 0; }
        remember "created $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
    fi
    case $(js changes_of "$TYPE" "$MARK_PATH") in
        none) ;;
        update)
            changed=$(words)
            [ -n "$UPDATE" ] || { end invalid "$changed at $SITE_NAME is not as the program says, and the driver has no way to change it"; return 0; }
            ask "$UPDATE"
            case $MEANING in done | found | exists) ;; *) judge; return 0 ;; esac
            read_again
            [ "$MEANING" = ok ] || { judge; return 0; }
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

# look_up: finds exactly one: by identity where the text looks like one, else by name, then by identity.
look_up() {
    MEANING=$(js "inputs_$STEP")
    [ "$MEANING" = ok ] || { judge; return 0; }
    by=${NAMED_BY:-$IDENTITY}
    wanted=$(js part SCOPE_INPUTS "$by")
    FOUND=none
    if [ -n "$wanted" ] && [ "$(js looks_like_identity "$wanted")" = yes ]; then
        look_up_identity || return 0
    fi
    if [ "$FOUND" = none ] && [ -n "$FIND" ] && { [ -z "$wanted" ] || [ -n "$NAMED_BY" ]; }; then
        ask "$FIND"
        case $MEANING in
            list | found | done | exists) FOUND=$(js looked_up "$NAMED_BY" "$IDENTITY") ;;
            not_found | gone) ;;
            *) judge; return 0 ;;
        esac
        if [ "$FOUND" = one ]; then
            # A list may give only a part of it.
            read_again
            [ "$MEANING" = ok ] || { judge; return 0; }
        fi
    fi
    if [ "$FOUND" = none ] && [ -n "$wanted" ] && [ "$(js looks_like_identity "$wanted")" = no ]; then
        look_up_identity || return 0
    fi
    case $FOUND in
        several) end invalid "several are called so at $SITE_NAME: $(words)"; return 0 ;;
        none) end unavailable "$SITE_NAME has no \`$wanted\`"; return 0 ;;
    esac
    rm -f -- "$W/inputs"
    EFFECT=found
    end 'done' ''
}

look_up_identity() {
    js identified "$IDENTITY" "$wanted" >/dev/null
    read_again
    case $MEANING in
        ok) [ "$(js passing)" = no ] || FOUND=one ;;
        # A name need not have the form of an identity.
        not_found | invalid) rm -f -- "$W/known" ;;
        *) judge; return 1 ;;
    esac
}

# bring EVERY BORROW STEP:SITE…: a copy of what the first of these steps found, unless it is here already.
bring() {
    every=$1 borrow=$2
    shift 2
    known_sources='' lacking=''
    for candidate in "$@"; do
        eval "state=\$state_${candidate%%:*} cut=\${cut_${candidate%%:*}:-no}"
        if [ "$state" = 'done' ]; then
            known_sources="$known_sources $candidate"
            if [ "${candidate#*:}" = "$AT" ]; then
                cp -- "$W/output.${candidate%%:*}" "$W/output.$STEP"
                own=yes
            fi
        elif [ "$cut" = no ]; then
            lacking="$lacking ${candidate#*:}"
        fi
    done
    if [ "$every" = yes ] && [ -n "$lacking" ]; then
        for candidate in $lacking; do site_"$candidate"; end unavailable "it is not at $SITE_NAME, and every site that answers must have it"; done
        site_"$AT"
        return 0
    fi
    if [ "${own:-no}" = yes ]; then
        own=no
        EFFECT=found
        end 'done' 'it is there'
        return 0
    fi
    [ "$borrow" != never ] || { end unavailable "it is not here, and nothing is copied to here"; return 0; }
    [ -n "$known_sources" ] || { end unavailable "no site that is named for it has it and answers"; return 0; }
    [ -n "$IS_COPIED" ] || { end invalid "\`$TYPE_NAME\` cannot be copied to another site"; return 0; }
    for candidate in $known_sources; do
        RESULT='' IS_SOURCE_BAD=no
        copy_from "${candidate%%:*}" "${candidate#*:}"
        # The source is to blame: another one may do.
        [ "$IS_SOURCE_BAD" = yes ] || break
    done
}

# copy_from STEP SITE
copy_from() {
    cp -- "$W/output.$1" "$W/source"
    rm -f -- "$W/known"
    js copy_inputs "$KEPT" "$CONTENT_NAME" >/dev/null
    site_"$2"
    from=$SITE_NAME
    site_"$AT"
    KNOWN_BEFORE=$(recall resource "$NAME" "$SITE_NAME" "$TYPE_NAME")
    find_copy
    use_copy || return 0
    fetch_content "$2" || return 0
    EFFECT=borrowed
    used_up=''
    if [ "$FOUND" = none ]; then
        USED_UP=no
        create borrowed
        if [ "$USED_UP" = yes ]; then
            # Some applications never give an identity away twice, and an earlier copy had it: then under another one.
            used_up=$(js part SCOPE_INPUTS "$IDENTITY")
        fi
    fi
    if [ -n "$used_up" ]; then
        RESULT=''
        replaces "$used_up" "${KNOWN_BEFORE#* }"
        js another_identity "$IDENTITY" >/dev/null
        find_copy
        use_copy || return 0
        EFFECT=borrowed
        [ "$FOUND" != none ] || create borrowed
    fi
    [ -z "$RESULT" ] || return 0
    if [ "$FOUND" != none ]; then
        # An earlier run was stopped before the copy was complete.
        make_complete
        [ "$MEANING" = ok ] || { judge_ready; return 0; }
        remember "borrowed $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
    fi
    proof=''
    if [ -n "$SAME" ]; then
        case $(js sameness "$SAME") in
            equal) proof=", $SAME equal: $(js part SCOPE_KNOWN "$SAME")" ;;
            other)
                # The copy is not what it should be, and ours: it is taken away again.
                remove
                forget resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
                CREATED=no
                end invalid "the copy at $SITE_NAME had another $SAME than the original at $from"
                return 0
                ;;
        esac
    fi
    [ -z "$used_up" ] || proof="$proof, $IDENTITY $used_up is used up here: now $(identity)"
    end 'done' "from $from$proof"
}

# replaces IDENTITY…: what was made with one of these is not made anew because the copy was.
replaces() {
    formerly=$(recall formerly "$NAME" "$SITE_NAME" "$TYPE_NAME")
    for former in "$@"; do
        case " $formerly " in *" $former "*) ;; *) formerly="$formerly $former" ;; esac
    done
    remember "${formerly# }" formerly "$NAME" "$SITE_NAME" "$TYPE_NAME"
}

# What was found of the copy is taken as it is, or taken away. False where the attempt ends with it.
use_copy() {
    case $FOUND in
        failed) judge; return 1 ;;
        theirs)
            if [ -n "$SAME" ] && [ "$(js sameness "$SAME")" = other ]; then
                end invalid "$SITE_NAME has another one of this name or identity: its $SAME is $(js part SCOPE_KNOWN "$SAME"), not as at $from"
                return 1
            fi
            EFFECT=found
            end 'done' 'it is there'
            return 1
            ;;
        ours)
            if [ -n "$BROKEN" ] && [ "$(js "$BROKEN")" = yes ]; then
                remove
                [ "$MEANING" = gone ] || { judge; return 1; }
                forget resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
                FOUND=none
            elif [ -z "$READY" ] || [ "$(js "$READY")" = yes ] && { [ -z "$SAME" ] || [ "$(js sameness "$SAME")" = equal ]; }; then
                remember "borrowed $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
                EFFECT=unchanged
                end 'done' "from $from"
                return 1
            fi
            ;;
    esac
    return 0
}

# The copy, if it is here: recorded, of the same identity, bearing our mark, or the very same by its proof.
# FOUND is `ours`, `theirs`, `none` or `failed`.
find_copy() {
    recorded=$(recall resource "$NAME" "$SITE_NAME" "$TYPE_NAME")
    locate
    case $FOUND in
        recorded) FOUND=ours ;;
        one) FOUND=theirs; if [ -n "$(recall sent "$KEY")" ]; then FOUND=ours; fi ;;
        several) FOUND=$(js same_one "$SAME") ;;
    esac
    if [ "$FOUND" = theirs ] && [ -z "$(js part SCOPE_INPUTS "$IDENTITY")" ]; then
        # Only of the same name: it is a copy if its proof says so.
        if [ -z "$SAME" ] || [ "$(js sameness "$SAME")" != equal ]; then FOUND=none; rm -f -- "$W/known"; fi
    fi
}

# Downloads the content of the original; the site of the copy is entered again afterwards. False where that failed.
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
        [ "$RESULT" != unreachable ] || RESULT=unavailable
        IS_SOURCE_BAD=yes
        site_"$AT"
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
                    operation_"$called"
                    case $REPEAT in
                        none | mark)
                            case $ON_UNKNOWN in
                                ask)
                                    end unknown "an earlier run sent it and got no answer; --again $NAME sends it again"
                                    return 0
                                    ;;
                                *) tell "$NAME at $PLACE: an earlier run sent it and got no answer: sent again, perhaps done twice" ;;
                            esac
                            ;;
                    esac
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
    call_ready=$OPERATION_READY call_within=$OPERATION_WITHIN call_every=$OPERATION_EVERY call_repeat=$REPEAT
    [ "$once" = no ] || remember "sent $digest" call "$KEY"
    ask "$called"
    case $MEANING in
        done | found | list | exists | gone | content) ;;
        lost | malformed)
            case $call_repeat$ON_UNKNOWN in
                noneask | markask)
                    end unknown "it was sent, but no answer came, and sending it again is not safe"
                    return 0
                    ;;
                nonefail | markfail)
                    [ "$once" = no ] || forget call "$KEY"
                    end unavailable "it was sent, but no answer came: it counts as failed"
                    return 0
                    ;;
            esac
            [ "$once" = no ] || forget call "$KEY"
            judge
            return 0
            ;;
        *)
            [ "$once" = no ] || forget call "$KEY"
            judge
            return 0
            ;;
    esac
    if [ "$MEANING" = content ]; then
        js content_as_text >"$W/output.$STEP"
    elif [ -f "$W/value" ]; then
        js result_of_call >/dev/null
        cp -- "$W/value" "$W/output.$STEP"
    else
        printf 'null' >"$W/output.$STEP"
    fi
    about=$(js part SCOPE_INPUTS "$IDENTITY")
    if [ -n "$call_ready" ] && [ -n "$about" ]; then
        js identified "$IDENTITY" "$about" >/dev/null
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

# delete_it KEEP: what the program does not name any more; it is left where it is to stay.
delete_it() {
    keep=$1
    MEANING=$(js "inputs_$STEP")
    [ "$MEANING" = ok ] || { judge; return 0; }
    how=$(recall resource "$NAME" "$SITE_NAME" "$TYPE_NAME")
    if [ "${how%% *}" = adopted ]; then
        forget resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
        EFFECT=unchanged
        end 'done' 'adopted before: left at the site, and forgotten'
        return 0
    fi
    if [ "$keep" = yes ]; then
        forget resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
        EFFECT=released
        end 'done' 'left at the site with its owner mark, and forgotten'
        return 0
    fi
    js identified "$IDENTITY" "$(js part SCOPE_INPUTS "$IDENTITY")" >/dev/null
    remove
    [ "$MEANING" = gone ] || { judge; return 0; }
    forget resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
    EFFECT=deleted
    end 'done' ''
}
