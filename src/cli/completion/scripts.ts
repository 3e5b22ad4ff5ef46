/** The shells that can be taught to complete. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

/**
 * What each shell sources. Each asks `imprint complete -- WORDS`, the last of which is being typed, for one candidate a line, a tab before its
 * description; `:files` alone stands for the names of files. Words are handed over as arguments: nothing of the line is evaluated.
 */
export const completionScripts: Readonly<Record<Shell, string>> = {
  // Bash cuts words at = : and @, so what touches is put together again, and a candidate loses what the line holds before the last cut.
  bash: `# bash completion for imprint: source <(imprint completion bash)
_imprint_complete() {
  local line=$COMP_LINE piece lead candidate words=()
  for piece in "\${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if [[ \${#words[@]} -eq 0 || $line == [[:space:]]* ]]; then words+=("$piece"); else words[-1]+=$piece; fi
    line=\${line#*"$piece"}
  done
  [[ $piece == [=:@] ]] && piece=
  lead=\${words[-1]%"$piece"}
  COMPREPLY=()
  while IFS= read -r candidate; do
    if [[ $candidate == :files ]]; then compopt -o default; return; fi
    candidate=\${candidate%%$'\\t'*}
    COMPREPLY+=("\${candidate#"$lead"}")
  done < <(imprint complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _imprint_complete imprint`,
  zsh: `#compdef imprint
# zsh completion for imprint: source <(imprint completion zsh), or a file named _imprint in a directory of fpath
_imprint() {
  local -a candidates
  local line
  for line in "\${(@f)$(imprint complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then _files; return; fi
    [[ -n $line ]] && candidates+=("\${\${line//:/\\\\:}/$'\\t'/:}")
  done
  _describe imprint candidates
}
if [[ $funcstack[1] == _imprint ]]; then _imprint "$@"; else compdef _imprint imprint; fi`,
  fish: `# fish completion for imprint: imprint completion fish | source
function __imprint_complete
    set -l typed (commandline -ct)
    set -l before (commandline -opc)
    set -l found (imprint complete -- $before[2..-1] "$typed" 2>/dev/null)
    if test "$found" = ':files'
        __fish_complete_path "$typed"
    else
        printf '%s\\n' $found
    end
end
complete -c imprint -f -a '(__imprint_complete)'`,
};
