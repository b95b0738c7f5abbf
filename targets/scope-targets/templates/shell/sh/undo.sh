# --- taking back -----------------------------------------------------------------------------------------------------

# Choices that stood only in arms that were given up are given up too; what was created there is deleted, last first.
give_up() {
    again=yes
    while [ "$again" = yes ]; do
        again=no
        for choice in $ALL_CHOICES; do
            eval "state=\$choice_state_$choice"
            [ "$state" != dropped ] || continue
            about_choice_"$choice"
            # shellcheck disable=SC2086
            is_live $GUARDS && continue
            eval "choice_state_$choice=dropped"
            arm=0
            while [ "$arm" -lt "$ARMS" ]; do
                eval "state=\$arm_${choice}_$arm"
                case $state in untried) state=notchosen ;; trying | holds | failed) state=abandoned ;; esac
                eval "arm_${choice}_$arm=\$state"
                arm=$((arm + 1))
            done
            again=yes
        done
    done
    for step in $REVERSED; do
        about_"$step"
        # shellcheck disable=SC2086
        is_live $GUARDS && continue
        eval "state=\$state_$step"
        [ "$state" != waiting ] || settle "$step" notchosen '' ''
        [ "$UNDO" = no ] || undo "$step"
    done
}

# undo STEP: deletes what it created in this run; what cannot be deleted is owed.
undo() {
    eval "created=\${created_$1:-no}"
    [ "$created" != no ] || return 0
    eval "created_$1=no"
    about_"$1"
    type_"$TYPE"
    DEADLINE=$(($(now) + 120))
    SCOPE_MARK="scope:$DEPLOYMENT/$NAME@$PLACE"
    undo_identity=$(cat -- "$W/created.$1")
    rm -f -- "$W/inputs" "$W/known" "$W/filter"
    if [ -z "$undo_identity" ]; then
        # The answer was lost: there is one only if one with our mark is found.
        cp -- "$W/created.$1.inputs" "$W/inputs"
        enter "$AT" "$DRIVER"
        [ "$MEANING" != ok ] || locate
        case $MEANING:${FOUND:-failed} in
            *:ours | *:recorded) undo_identity=$(identity) ;;
            *:none) ;;
            *) undo_identity='?' ;;
        esac
    fi
    if [ "$undo_identity" = '?' ]; then
        MEANING=unknown
        printf 'it is not known whether there is one' >"$W/words"
    else
        delete_ours "$AT" "$undo_identity"
    fi
    if [ "$MEANING" = gone ]; then
        forget resource "$NAME" "$PLACE" "$TYPE_NAME"
        report undone 'deleted again'
    else
        remember "$AT $TYPE $undo_identity" owed "$NAME" "$PLACE" "$TYPE_NAME"
        OWED="$OWED $NAME@$PLACE"
        report owed "it could not be deleted ($(words)); the next run tries again"
    fi
}

delete_ours() {
    enter "$1" "$DRIVER"
    [ "$MEANING" = ok ] || return 0
    rm -f -- "$W/inputs" "$W/known"
    js identified "$IDENTITY" "$2" >/dev/null
    [ -n "$2" ] || { MEANING=gone; return 0; }
    remove
}

# What an earlier run could not delete.
pay_owed() {
    sed -n 's/^owed\//&/p' "$STATE/records" >"$W/owed"
    while IFS='	' read -r key owed <&3; do
        # shellcheck disable=SC2086
        set -- $owed
        [ $# -eq 3 ] || continue
        site_"$1" 2>/dev/null || continue
        type_"$2" 2>/dev/null || continue
        case $key in */"$SITE_NAME"/"$TYPE_NAME") ;; *) continue ;; esac
        DRIVER=$TYPE_DRIVER DEADLINE=$(($(now) + 60))
        delete_ours "$1" "$3"
        if [ "$MEANING" = gone ]; then
            without_record "$key" >"$STATE/records.new"
            mv -f -- "$STATE/records.new" "$STATE/records"
            say "  undone   $SITE_NAME: $3, left by an earlier run"
        else
            OWED="$OWED $3@$SITE_NAME"
        fi
    done 3<"$W/owed"
}

# A resource of which a site failed takes back what it created at the others, where the program says so.
undo_groups() {
    for group in $GROUPS_TO_UNDO; do
        worst='done'
        members=$(printf '%s' "$group" | tr , ' ')
        for member in $members; do
            eval "state=\$state_$member"
            worst=$(worse "$state" "$worst")
        done
        case $worst in
            unavailable | invalid) for member in $members; do undo "$member"; done ;;
        esac
    done
}
