# SPDX-License-Identifier: MIT OR Apache-2.0
# fish completion for dtt. Commands and options are read from its help, so they are never stale.

# Options of a help text, with what it says about each.
function __dtt_options
    awk '/^  --/ { name = $1; text = $0; sub(/^  --[a-z0-9-]+( [A-Z][^ ]*)? */, "", text)
                   if (text == "") getline text
                   sub(/^ +/, "", text); printf "%s\t%s\n", name, text }'
end

function __dtt_complete
    set -l words (commandline -opc)
    switch $words[-1]
        case --preset
            printf '%s\n' default seed rust-0.3
            return
        case --tune
            dtt pipe --tune list | sed -n '2,$s/^\([a-z_]*\) .*/\1=/p'
            return
        case --log
            printf '%s\n' off error warn info debug
            return
    end
    if test (count $words) = 1
        printf '%s\n' --help --version
        dtt --help | awk '/^  (dht|record) / { if (!seen[$1]++) print $1; next }
                          /^  [a-z]/ { name = $1; sub(/^  [a-z]+ +/, ""); printf "%s\t%s\n", name, $0 }'
    else if test (count $words) = 2; and contains -- $words[2] dht record
        dtt $words[2] --help | sed -n "s/^  $words[2] \([a-z-]*\)  *\(.*\)/\1\t\2/p"
    else if contains -- $words[2] dht record
        dtt $words[2] $words[3] --help 2>/dev/null | __dtt_options
    else
        dtt $words[2] --help 2>/dev/null | __dtt_options
        if test $words[2] = sim
            dtt sim --list | sed -n 's/^\([a-z0-9_]*\) (.*/\1/p'
        end
    end
end

function __dtt_wants_file
    contains -- (commandline -opc)[-1] --secret-file --identity --key --state --plot
end

complete -c dtt -f -n 'not __dtt_wants_file' -a '(__dtt_complete)'
complete -c dtt -F -n __dtt_wants_file
