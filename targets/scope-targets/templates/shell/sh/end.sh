# --- the end ---------------------------------------------------------------------------------------------------------

conclude() {
    created=0 changed=0 deleted=0 settled=0 failed=0 parked=0 skipped=0 same=0
    for step in $ORDER; do
        about_"$step"
        # shellcheck disable=SC2086
        is_live $GUARDS || continue
        eval "state=\$state_$step effect=\$effect_$step"
        case $state in
            done)
                settled=$((settled + 1))
                case $effect in
                    created | borrowed) created=$((created + 1)) ;;
                    adopted | replaced | updated | called | released) changed=$((changed + 1)) ;;
                    deleted) deleted=$((deleted + 1)) ;;
                    unchanged) same=$((same + 1)) ;;
                esac
                ;;
            pending) parked=$((parked + 1)) ;;
            skipped | notchosen) skipped=$((skipped + 1)) ;;
            *) if [ "$effect" = blocked ]; then skipped=$((skipped + 1)); else failed=$((failed + 1)); fi ;;
        esac
    done
    print_outputs
    took=$(($(now) - STARTED))
    for owed in $OWED; do say "  owed     $owed is perhaps still there"; done
    if [ "$failed" -gt 0 ]; then
        say "$settled done, $parked parked, $failed failed, $skipped skipped in $took s"
        exit 1
    fi
    worst=0
    for step in $ORDER; do
        about_"$step"
        # shellcheck disable=SC2086
        is_live $GUARDS || continue
        eval "state=\$state_$step"
        [ "$(rank "$state")" -le "$worst" ] || worst=$(rank "$state")
    done
    if [ "$worst" -ge 3 ]; then
        say "$settled done, $parked parked, $skipped skipped in $took s: not as the program says"
        exit 1
    fi
    if [ "$parked" -gt 0 ]; then
        say "pending: $settled done, $parked parked in $took s; run it again when the site answers"
        exit 4
    fi
    if [ $((created + changed + deleted)) -eq 0 ]; then
        say "nothing to do: $same of $same as the program says"
    else
        say "ok: $created created, $changed changed, $deleted deleted in $took s"
    fi
}

print_output() {
    MEANING=$(js "output_$1") || MEANING=malformed
    if [ "$MEANING" = ok ]; then
        printf '  output   %s = %s\n' "$2" "$(SCOPE_SHOWN=$W/value js shown_value SCOPE_SHOWN)"
    else
        printf '  output   %s is not known\n' "$2"
    fi
}
