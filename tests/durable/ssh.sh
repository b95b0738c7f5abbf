#!/bin/sh
# A stand-in for ssh in tests: the commands of the examples, over a folder for each host beside it.
while [ "$1" = -o ]; do shift 2; done
host=${1#*@}
zone=$(dirname "$0")/zones/$host
mkdir -p "$zone"
command=$2
case $command in
    true) ;;
    nsupdate) while read -r verb what name rest; do [ "$verb" = update ] && echo "$rest" >>"$zone/$name"; done <"$3"; true ;;
    nsupdate-remove) rm -f "$zone/$3" ;;
    host) [ -e "$zone/$3" ] ;;
    *) echo "$command: not found" >&2; exit 127 ;;
esac
