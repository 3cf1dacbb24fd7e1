"""The scripts that shells load to complete words; `completions/` holds copies, and `reg completion SHELL` prints one.

Each passes the words before the cursor to `reg __complete` and inserts the answer, which has the form that
`complete/answer.py` describes.
"""

from __future__ import annotations

_BASH = r"""# Completion of reg for bash 4.4 and newer. Load it with: source <(reg completion bash)
_reg_complete() {
    local IFS=$'\n' reply
    reply=($(command -- "${1/#\~/$HOME}" __complete bash "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null))
    COMPREPLY=()
    case "${reply[0]}" in
        files) compopt -o default -o filenames ;;
        dirs) compopt -o dirnames -o filenames ;;
        *)
            COMPREPLY=("${reply[@]:1}")
            [[ ${reply[0]} != nospace ]] || compopt -o nospace
            ;;
    esac
}
complete -o nosort -F _reg_complete reg
"""

_ZSH = r"""#compdef reg
# Completion of reg for zsh 5.3 and newer. Load it with: source <(reg completion zsh)
_reg() {
    local -a typed reply values shown
    local line tab=$'\t'
    typed=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    reply=("${(@f)$(command ${(Q)words[1]} __complete zsh "${(@)typed}" 2>/dev/null)}")
    case ${reply[1]} in
        files) _files; return ;;
        dirs) _files -/; return ;;
    esac
    for line in "${(@)reply[2,-1]}"; do
        values+=("${line%%$tab*}")
        [[ -n ${line#*$tab} ]] && shown+=("${line%%$tab*}  -- ${line#*$tab}") || shown+=("${line%%$tab*}")
    done
    if [[ ${reply[1]} == nospace ]]; then
        compadd -V reg -S '' -l -d shown -a values
    else
        compadd -V reg -l -d shown -a values
    fi
}
if [[ ${funcstack[1]} == _reg ]]; then
    _reg "$@"
else
    compdef _reg reg
fi
"""

_FISH = r"""# Completion of reg for fish 3.4 and newer. Load it with: reg completion fish | source
function __reg_complete
    set -l words (commandline -opc)
    set -l current (string unescape -- (commandline -ct); or string replace -r '^["\']' '' -- (commandline -ct))
    set -l reply (command $words[1] __complete fish $words[2..-1] "$current" 2>/dev/null)
    switch "$reply[1]"
        case files
            __fish_complete_path "$current"
        case dirs
            __fish_complete_directories "$current"
        case '*'
            printf '%s\n' $reply[2..-1]
    end
end
complete -c reg -f -a '(__reg_complete)'
"""

SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
"""The script of each shell."""
