# --- the order of things -----------------------------------------------------------------------------------------------

# How bad a state is, for `&` (R4): the worst part is the whole's.
rank() {
    case $1 in
        invalid) echo 5 ;;
        unknown) echo 4 ;;
        unavailable) echo 3 ;;
        pending) echo 2 ;;
        *) echo 1 ;;
    esac
}

worse() { if [ "$(rank "$1")" -ge "$(rank "$2")" ]; then echo "$1"; else echo "$2"; fi; }

# any_arm STATES CHOICE:ARM…: whether one of these arms is in one of these states.
any_arm() {
    states=$1
    shift
    for guard in "$@"; do
        eval "arm_state=\$arm_${guard%%:*}_${guard#*:}"
        case " $states " in *" $arm_state "*) return 0 ;; esac
    done
    return 1
}

# A step or choice is wanted if it stands in no arm or in one that is being tried or holds; it is live while one of its
# arms may still hold.
is_wanted() { [ $# -eq 0 ] || any_arm 'trying holds failed' "$@"; }
is_live() { [ $# -eq 0 ] || any_arm 'untried trying holds failed' "$@"; }

# consider STEP: does it if it can be done, settles it if it cannot be done any more. True if something came of it.
consider() {
    eval "state=\$state_$1"
    [ "$state" = waiting ] || return 1
    about_"$1"
    # shellcheck disable=SC2086
    if ! is_live $GUARDS; then
        settle "$1" notchosen '' ''
        return 0
    fi
    # shellcheck disable=SC2086
    is_wanted $GUARDS || return 1
    blocked='' blocker=''
    for need in $NEEDS; do
        eval "state=\$state_$need"
        case $state in
            waiting) return 1 ;;
            done) ;;
            *)
                if [ -z "$blocked" ] || [ "$(rank "$state")" -gt "$(rank "$blocked")" ]; then blocked=$state blocker=$need; fi
                ;;
        esac
    done
    for need in $SETTLED; do
        eval "state=\$state_$need"
        [ "$state" != waiting ] || return 1
    done
    if [ "$VERB" = choose ]; then
        eval "state=\$choice_state_$CHOICE"
        case $state in waiting | trying) return 1 ;; esac
    fi
    if [ -n "$blocked" ]; then
        needed=$NAME
        about_"$blocker"
        blocker_name=$NAME
        about_"$1"
        NAME=$needed
        settle "$1" "$blocked" blocked "it needs \`$blocker_name\`"
        return 0
    fi
    case $VERB in
        choose) choose "$1" ;;
        gather) gather "$1" ;;
        *)
            run_step "$1"
            about_"$1"
            settle "$1" "$RESULT" "$EFFECT" "$DETAIL"
            ;;
    esac
    return 0
}

# settle STEP STATE EFFECT DETAIL: it ended; says so.
settle() {
    eval "state_$1=\$2 effect_$1=\$3"
    case $2 in
        done)
            case $3 in
                created | borrowed | adopted | replaced | updated | called | deleted | released) report 'done' "$3${4:+  $4}" ;;
                *) [ "$VERBOSE" = no ] || report 'done' "${3:-as it is}${4:+  $4}" ;;
            esac
            [ ! -f "$W/shown.$1" ] || { cat -- "$W/shown.$1"; echo; }
            ;;
        pending) report parked "$4" ;;
        skipped) report skipped "$4" ;;
        notchosen) ;;
        *)
            if [ "$3" = blocked ]; then report skipped "$4"; else report failed "$4"; tell "          --> $ORIGIN"; fi
            ;;
    esac
}

report() { printf '  %-7s  %-10s  %-9s  %-16s  %s\n' "$1" "$PLACE" "$SHORT" "$NAME" "$2"; }

choose() {
    eval "state=\$choice_state_$CHOICE outcome=\$choice_outcome_$CHOICE arm=\${choice_arm_$CHOICE:-}"
    if [ -z "$arm" ]; then
        settle "$1" "${outcome:-unavailable}" blocked 'no alternative holds'
        return 0
    fi
    # shellcheck disable=SC2086
    set -- "$1" $RESULTS
    step=$1
    shift "$((arm + 1))"
    eval "state=\$state_$1"
    if [ "$state" = 'done' ]; then
        cp -- "$W/output.$1" "$W/output.$step"
        STEP=$step
        keep_output
    fi
    settle "$step" "$state" chosen ''
}

gather() {
    any=no worst='done'
    : >"$W/gathered"
    for one in $PARTS; do
        eval "state=\$state_${one#*:}"
        if [ "$state" = 'done' ]; then any=yes; else worst=$(worse "$state" "$worst"); fi
    done
    if [ "$any" = no ]; then
        settle "$1" "$worst" blocked 'no part of it is there'
        return 0
    fi
    js "gather_$1" >/dev/null
    mv -- "$W/value" "$W/output.$1"
    STEP=$1
    keep_output
    settle "$1" 'done' gathered ''
}

# advance CHOICE: begins it, ends the arm that is being tried, goes on to the next. True if something came of it.
advance() {
    eval "state=\$choice_state_$1"
    about_choice_"$1"
    case $state in
        waiting)
            # shellcheck disable=SC2086
            if ! is_live $GUARDS; then
                eval "choice_state_$1=dropped"
                return 0
            fi
            # shellcheck disable=SC2086
            is_wanted $GUARDS || return 1
            order=''
            recorded=$(recall choice "$KEY")
            [ -n "$recorded" ] || recorded=$RECORDED
            [ "$RECONSIDER" = no ] || recorded=''
            [ -z "$recorded" ] || [ "$recorded" -lt "$ARMS" ] || recorded=''
            order=$recorded
            arm=0
            while [ "$arm" -lt "$ARMS" ]; do
                [ "$arm" = "$recorded" ] || order="$order $arm"
                arm=$((arm + 1))
            done
            eval "choice_order_$1=\$order"
            try_next "$1"
            return 0
            ;;
        trying) ;;
        *) return 1 ;;
    esac
    eval "arm=\$choice_arm_$1"
    about_arm_"$1_$arm"
    for step in $STEPS; do
        eval "state=\$state_$step"
        [ "$state" != waiting ] || return 1
    done
    outcome='done'
    for inner in $CHOICES_INSIDE; do
        eval "state=\$choice_state_$inner inner_outcome=\${choice_outcome_$inner:-done}"
        case $state in waiting | trying) return 1 ;; esac
        outcome=$(worse "$inner_outcome" "$outcome")
    done
    for step in $MEMBERS; do
        eval "state=\$state_$step"
        outcome=$(worse "$state" "$outcome")
    done
    case $outcome in done | pending | unknown | unavailable | invalid) ;; *) outcome='done' ;; esac
    eval "left=\$choice_order_$1"
    case $outcome in
        done | pending)
            eval "arm_$1_$arm=holds choice_state_$1=decided choice_outcome_$1=\$outcome"
            remember "$arm" choice "$KEY"
            not_needed "$1"
            return 0
            ;;
    esac
    if [ "$outcome" = unavailable ] && [ -n "$left" ]; then
        eval "arm_$1_$arm=abandoned"
        tell "  given up: $LABEL (unavailable)"
        give_up "$1"
        try_next "$1"
        return 0
    fi
    eval "arm_$1_$arm=failed choice_state_$1=decided choice_outcome_$1=\$outcome choice_arm_$1="
    not_needed "$1"
    return 0
}

try_next() {
    eval "order=\$choice_order_$1"
    # shellcheck disable=SC2086
    set -- "$1" $order
    choice=$1 arm=$2
    shift 2
    eval "choice_order_$choice=\$* choice_state_$choice=trying choice_arm_$choice=\$arm arm_${choice}_$arm=trying"
    about_arm_"${choice}_$arm"
    debug "tries $LABEL"
}

not_needed() {
    about_choice_"$1"
    arm=0
    while [ "$arm" -lt "$ARMS" ]; do
        eval "[ \"\$arm_$1_$arm\" != untried ] || arm_$1_$arm=notchosen"
        arm=$((arm + 1))
    done
}

run_all() {
    OWED=''
    for step in $ORDER; do eval "state_$step=waiting effect_$step="; done
    for choice in $ALL_CHOICES; do
        eval "choice_state_$choice=waiting choice_outcome_$choice= choice_arm_$choice="
        about_choice_"$choice"
        arm=0
        while [ "$arm" -lt "$ARMS" ]; do
            eval "arm_${choice}_$arm=untried"
            arm=$((arm + 1))
        done
    done
    pay_owed
    moving=yes
    while [ "$moving" = yes ]; do
        moving=no
        for considered in $ORDER; do
            if consider "$considered"; then moving=yes; fi
        done
        for considered in $ALL_CHOICES; do
            if advance "$considered"; then moving=yes; fi
        done
    done
    undo_groups
}
