# SPDX-License-Identifier: MIT OR Apache-2.0
# bash completion for dtt. Commands and options are read from its help, so they are never stale.

_dtt() {
    local cur=$2 prev=$3 first=${COMP_WORDS[1]-} second=${COMP_WORDS[2]-} words=
    COMPREPLY=()
    # "=" is a word of its own.
    if [ "$cur" = = ]; then
        cur=
    elif [ "$prev" = = ]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $prev in
    --secret-file | --identity | --key | --state | --plot)
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        compopt -o filenames
        return
        ;;
    --preset) words='default seed rust-0.3' ;;
    --log) words='off error warn info debug' ;;
    --tune)
        words=$(dtt pipe --tune list | sed -n '2,$s/^\([a-z_]*\) .*/\1=/p')
        compopt -o nospace
        ;;
    *)
        if [ "$COMP_CWORD" = 1 ]; then
            words="--help --version $(dtt --help | sed -n 's/^  \([a-z]*\) .*/\1/p' | sort -u)"
        elif [ "$COMP_CWORD" = 2 ] && [[ $first = dht || $first = record ]]; then
            words="--help $(dtt "$first" --help | sed -n "s/^  $first \([a-z-]*\) .*/\1/p")"
        elif [[ $first = dht || $first = record ]]; then
            words=$(dtt "$first" "$second" --help 2>/dev/null | grep -o '^  --[a-z0-9-]*')
        else
            words=$(dtt "$first" --help 2>/dev/null | grep -o '^  --[a-z0-9-]*')
            if [ "$first" = sim ]; then
                words="$words $(dtt sim --list | sed -n 's/^\([a-z0-9_]*\) (.*/\1/p')"
            fi
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _dtt dtt
