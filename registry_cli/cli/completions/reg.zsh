#compdef reg
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
