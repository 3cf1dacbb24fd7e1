# Completion of reg for bash 4.4 and newer. Load it with: source <(reg completion bash)
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
