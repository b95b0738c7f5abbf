# --- one step ------------------------------------------------------------------------------------------------------

# Ends a step's attempt: RESULT, and what is to be said about it.
end() { RESULT=$1 DETAIL=$2; }

# From what an answer means to how the attempt ends.
judge() {
    RETRY=no
    case $MEANING in
        unreachable) end unreachable "$SITE_NAME cannot be reached ($(words))"; RETRY=yes ;;
        lost) end unavailable "no answer from $SITE_NAME ($(words))"; RETRY=yes ;;
        unavailable) end unavailable "$SITE_NAME cannot answer for now: $(words)"; RETRY=yes ;;
        busy) end unavailable "$SITE_NAME stayed busy: $(words)" ;;
        not_found) end unavailable "not found at $SITE_NAME: $(words)" ;;
        refused) end unavailable "$SITE_NAME refuses: $(words)" ;;
        denied) end invalid "$SITE_NAME denies it: $(words)" ;;
        no_service) end unavailable "$SITE_NAME has no such service" ;;
        invalid | configuration | malformed) end invalid "$SITE_NAME: $(words)" ;;
        *) end invalid "$SITE_NAME: the answer \`$MEANING\` was not expected" ;;
    esac
    case $MEANING in
        configuration | no_service) ;;
        *) [ ! -s "$W/asked" ] || DETAIL="$DETAIL [$(cat "$W/asked")]" ;;
    esac
}

# step NUMBER: does it, with its attempts. Sets RESULT, EFFECT and DETAIL.
run_step() {
    STEP=$1
    about_"$STEP"
    CREATED=no EFFECT='' DETAIL=''
    SCOPE_CONTENT='' SCOPE_KEY="$DEPLOYMENT/$KEY" SCOPE_MARK="scope:$DEPLOYMENT/$NAME@$PLACE"
    attempt=1
    eval "[ \"\${down_$AT:-no}\" = no ]" || TRIES=1
    # The time is for all attempts together.
    DEADLINE=$(($(now) + PATIENCE))
    while :; do
        RETRY=no RESULT=''
        rm -f -- "$W/inputs" "$W/set" "$W/known" "$W/changes" "$W/filter" "$W/source" "$W/value" "$W/asked"
        type_"$TYPE"
        enter "$AT" "$DRIVER"
        if [ "$MEANING" = ok ]; then "step_$STEP"; else judge; fi
        [ "$RETRY" = yes ] && [ "$attempt" -lt "$TRIES" ] && [ $(($(now) + BACKOFF)) -lt "$DEADLINE" ] || break
        debug "$NAME: attempt $attempt: $DETAIL"
        sleep "$BACKOFF"
        BACKOFF=$((BACKOFF * 2))
        attempt=$((attempt + 1))
    done
    if [ "$RESULT" = unreachable ]; then
        eval "down_$AT=yes cut_$STEP=yes"
        case $ON_UNREACHABLE in
            queue) RESULT=pending ;;
            skip) RESULT=skipped ;;
            *) RESULT=unavailable ;;
        esac
    else
        eval "down_$AT=no"
    fi
    if [ "$RESULT" = 'done' ]; then
        keep_output
    fi
    if [ "$CREATED" != no ]; then
        eval "created_$STEP=$CREATED"
        js part SCOPE_KNOWN "$IDENTITY" >"$W/created.$STEP"
        [ ! -f "$W/inputs" ] || cp -- "$W/inputs" "$W/created.$STEP.inputs"
    fi
}

# The step's output, for the steps that use it.
keep_output() {
    if [ ! -f "$W/output.$STEP" ]; then
        formerly=''
        [ -z "$IS_COPIED" ] || formerly=$(recall formerly "$NAME" "$SITE_NAME" "$TYPE_NAME")
        js output_of_step "$formerly" >/dev/null && mv -- "$W/value" "$W/output.$STEP"
    fi
    eval "export SCOPE_OUTPUT_$STEP=\"\$W/output.$STEP\""
}

learn() { js learnt >/dev/null; }
identity() { js part SCOPE_KNOWN "$IDENTITY"; }

# Reads the resource of which the identity is known; where the application cannot read one, it is looked for among all.
read_again() {
    if [ -n "$READ" ]; then
        ask "$READ"
        case $MEANING in
            found | done | exists) learn; MEANING=ok ;;
            gone) MEANING=not_found ;;
        esac
    elif [ -n "$FIND" ]; then
        ask "$FIND"
        case $MEANING in
            list | found | done | exists) MEANING=$(js picked "$IDENTITY") ;;
            gone) MEANING=not_found ;;
        esac
    else
        # What the application cannot tell is as it was.
        MEANING=ok
    fi
}

# Finds the resource that the inputs name: the one an earlier run recorded, else what is at the site.
# FOUND is `recorded`, `ours`, `one`, `several`, `none`, or `failed` with MEANING.
locate() {
    recorded=$(recall resource "$NAME" "$SITE_NAME" "$TYPE_NAME")
    if [ -n "$recorded" ]; then
        js identified "$IDENTITY" "${recorded#* }" >/dev/null
        read_again
        case $MEANING in
            ok) FOUND=recorded; return 0 ;;
            not_found) forget resource "$NAME" "$SITE_NAME" "$TYPE_NAME" ;;
            *) FOUND=failed; return 0 ;;
        esac
        rm -f -- "$W/known"
    fi
    look_around
}

# What is at the site under the identity or the name that the inputs have; of a type without names, what bears our mark
# or (where there is no room for one) what is as the program says.
look_around() {
    FOUND=none
    given=$(js part SCOPE_INPUTS "$IDENTITY")
    if [ -n "$given" ]; then
        js identified "$IDENTITY" "$given" >/dev/null
        read_again
        case $MEANING in
            ok) FOUND=$(js whose "$MARK_PATH" "$IDENTITY") ;;
            not_found) rm -f -- "$W/known" ;;
            *) FOUND=failed ;;
        esac
        return 0
    fi
    [ -n "$FIND" ] || return 0
    [ -z "$NAMED_BY" ] || [ -n "$(js part SCOPE_INPUTS "$NAMED_BY")" ] || [ -n "$MARK_PATH" ] || return 0
    ask "$FIND"
    case $MEANING in
        list | found | done | exists) FOUND=$(js chosen "$NAMED_BY" "$IDENTITY" "$MARK_PATH") ;;
        not_found | gone) return 0 ;;
        *) FOUND=failed; return 0 ;;
    esac
    case $FOUND in
        ours | one)
            cp -- "$W/words" "$W/candidates"
            read_again
            case $MEANING in
                ok) cp -- "$W/candidates" "$W/words" ;;
                not_found) FOUND=none; rm -f -- "$W/known" ;;
                *) FOUND=failed ;;
            esac
            ;;
    esac
}

# wait_ready CONDITION SECONDS EVERY: waits until the resource may be used. Sets MEANING to `ok`, `broken` or `late`, or to
# what is wrong.
wait_ready() {
    ready=$1 within=$2 every=$3
    MEANING=ok
    until=$(($(now) + within))
    [ "$until" -le "$DEADLINE" ] || until=$DEADLINE
    last='' n_silences=0 n_unseen=0
    while :; do
        if [ -n "$BROKEN" ] && [ "$(js "$BROKEN")" = yes ]; then MEANING=broken; return 0; fi
        if [ -z "$ready" ] || [ "$(js "$ready")" = yes ]; then MEANING=ok; return 0; fi
        [ -n "$READ$FIND" ] || return 0
        if [ "$(now)" -ge "$until" ]; then MEANING=late; return 0; fi
        status=$(js part SCOPE_KNOWN status)
        [ "$status" = "$last" ] || debug "$SITE_NAME: $NAME waits until ready (${status:-?})"
        last=$status
        sleep "$every"
        read_again
        case $MEANING in
            ok) n_silences=0 n_unseen=0 ;;
            not_found)
                n_unseen=$((n_unseen + 1))
                if [ "$n_unseen" -ge 5 ]; then
                    MEANING=broken
                    printf 'it disappeared while it was waited for' >"$W/words"
                    return 0
                fi
                ;;
            unreachable | lost | unavailable | busy)
                n_silences=$((n_silences + 1))
                [ "$n_silences" -lt 3 ] || return 0
                ;;
            *) return 0 ;;
        esac
    done
}

judge_ready() {
    case $MEANING in
        broken) end unavailable "it is broken at $SITE_NAME: $(words)" ;;
        late) end unavailable "it was not ready at $SITE_NAME in time ($(js part SCOPE_KNOWN status))" ;;
        *) judge ;;
    esac
}

# What follows a creation: content, readiness. Begins where an interrupted run left off. Sets MEANING as wait_ready does.
make_complete() {
    if [ -z "$READY" ] || [ "$(js "$READY")" != yes ]; then
        followed=no
        for follow in $AFTERS; do
            [ "$(js "when_$follow")" = yes ] || continue
            ask "$follow"
            case $MEANING in
                done | found | exists) followed=yes ;;
                *) return 0 ;;
            esac
        done
        if [ "$followed" = yes ]; then
            read_again
            [ "$MEANING" = ok ] || return 0
        fi
    fi
    wait_ready "$READY" "${READY_WITHIN:-$READY_SECONDS}" "$READY_EVERY"
}

# create HOW: creates the resource of the inputs, with our mark. Ends the attempt unless all is well (RESULT stays empty).
create() {
    [ -n "$CREATE" ] || { end invalid "\`$TYPE_NAME\` cannot be created"; return 0; }
    was_sent=$(recall sent "$KEY")
    # What is sent is recorded before it leaves.
    remember yes sent "$KEY"
    js marked "$MARK_PATH" >/dev/null
    rm -f -- "$W/known"
    ask "$CREATE"
    case $MEANING in
        done | found) learn ;;
        exists) take_existing || return 0 ;;
        lost | malformed) after_silence || return 0 ;;
        *)
            forget sent "$KEY"
            judge
            return 0
            ;;
    esac
    CREATED=yes
    [ -n "$(identity)" ] || look_around
    if [ -z "$(identity)" ]; then
        given=$(js part SCOPE_INPUTS "$IDENTITY")
        [ -n "$given" ] || [ -n "$READ$FIND" ] || given=$NAME
        [ -n "$given" ] || { end invalid "$SITE_NAME does not say what it created"; return 0; }
        js identified "$IDENTITY" "$given" >/dev/null
    fi
    remember "started $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
    forget sent "$KEY"
    make_complete
    [ "$MEANING" = ok ] || { judge_ready; return 0; }
    remember "$1 $(identity)" resource "$NAME" "$SITE_NAME" "$TYPE_NAME"
}

# One of this identity or name is there already: ours if it bears our mark, or if an earlier request of ours was lost.
take_existing() {
    there=$(js told "$IDENTITY")
    if [ -n "$there" ]; then
        js identified "$IDENTITY" "$there" >/dev/null
        read_again
        case $MEANING in
            ok) FOUND=$(js whose "$MARK_PATH" "$IDENTITY") ;;
            not_found) FOUND=none ;;
            *) FOUND=failed ;;
        esac
    else
        look_around
    fi
    case $FOUND in
        failed) judge; return 1 ;;
        ours) return 0 ;;
        one) if [ -z "$MARK_PATH" ] && [ -n "$was_sent" ]; then return 0; fi ;;
    esac
    forget sent "$KEY"
    [ "$FOUND" != none ] || USED_UP=yes
    end invalid "$SITE_NAME has one of this name or identity already, and this program did not make it: $(words)"
    return 1
}

# The request was sent and no good answer came: looks, and waits as long as it may still take effect.
after_silence() {
    CREATED=maybe
    silence=$MEANING
    operation_"$CREATE"
    create_repeat=$REPEAT
    [ "$ON_UNKNOWN" != retry ] || create_repeat=asked-for
    until=$(($(now) + SETTLES))
    # Looking has a little time of its own.
    [ "$DEADLINE" -ge $(($(now) + 10)) ] || DEADLINE=$(($(now) + 10))
    n_silences=0
    while [ -n "$READ$FIND" ]; do
        look_around
        case $FOUND in
            ours) return 0 ;;
            one) if [ -z "$MARK_PATH" ]; then return 0; fi ;;
            failed) n_silences=$((n_silences + 1)) ;;
        esac
        if [ "$FOUND" != failed ] && [ "$(now)" -ge "$until" ]; then
            if [ "$create_repeat" != none ]; then
                # It is certain: it was not done, and will not be.
                CREATED=no
                forget sent "$KEY"
                MEANING=$silence
                judge
                [ "$silence" = lost ] || RETRY=no
                return 1
            fi
            break
        fi
        [ "$n_silences" -le 1 ] && [ "$(now)" -lt "$DEADLINE" ] || break
        sleep 1
    done
    if [ "$create_repeat" = none ] && [ "$ON_UNKNOWN" = fail ]; then
        end unavailable "it was asked for at $SITE_NAME, but no answer came: it counts as failed"
    elif [ "$create_repeat" = none ]; then
        end unknown "it was asked for at $SITE_NAME, but no answer came, and asking again is not safe"
    else
        MEANING=$silence
        judge
        RETRY=no
    fi
    return 1
}

# Deletes the resource of which the identity is known, and waits until it is gone. MEANING is `gone` if all is well.
remove() {
    [ -n "$DELETE" ] || { MEANING=configuration; printf '%s cannot be deleted' "$TYPE_NAME" >"$W/words"; return 0; }
    n_sent=0
    while :; do
        n_sent=$((n_sent + 1))
        ask "$DELETE"
        case $MEANING in
            gone | done | found | exists) break ;;
            not_found) MEANING=gone; return 0 ;;
            lost) [ "$n_sent" -lt 3 ] || return 0 ;;
            *) return 0 ;;
        esac
    done
    while [ -n "$READ" ]; do
        ask "$READ"
        case $MEANING in
            found | done | exists) ;;
            # The deletion was accepted; that the site is silent now does not take it back.
            *) break ;;
        esac
        if [ "$(now)" -ge "$DEADLINE" ]; then
            MEANING=unavailable
            printf 'it is still there after it was deleted' >"$W/words"
            return 0
        fi
        sleep 1
    done
    MEANING=gone
}
