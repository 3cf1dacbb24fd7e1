# Completion of reg for fish 3.4 and newer. Load it with: reg completion fish | source
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
