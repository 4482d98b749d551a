# Draws a screen with its colors, as tmux has captured it, as SVG.

BEGIN {
  color["31"] = "#f14c4c"; color["33"] = "#d7ba7d"; color["34"] = "#569cd6"
}

function escape(s) {
  gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s)
  return s
}

# set CODES: applies a sequence like ESC[2;34m.
function set(codes,   part, i, k) {
  k = split(codes == "" ? "0" : codes, part, ";")
  for (i = 1; i <= k; i++) {
    if (part[i] == "0") fill = faint = ""
    else if (part[i] == "2") faint = " opacity=\"0.6\""
    else if (part[i] == "39") fill = ""
    else if (part[i] in color) fill = " fill=\"" color[part[i]] "\""
  }
}

function span(s) {
  if (s == "") return ""
  return fill faint == "" ? escape(s) : "<tspan" fill faint ">" escape(s) "</tspan>"
}

{
  gsub(/\033\([0-9A-Z]|\016|\017/, "")
  rest = $0; out = ""; columns = 0
  while (match(rest, /\033\[[0-9;]*m/)) {
    out = out span(substr(rest, 1, RSTART - 1)); columns += RSTART - 1
    set(substr(rest, RSTART + 2, RLENGTH - 3))
    rest = substr(rest, RSTART + RLENGTH)
  }
  text[NR] = out span(rest); columns += length(rest)
  if (columns > width) width = columns
  if (columns) last = NR
}

END {
  printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ", width * 8.4 + 24, last * 18 + 24
  print "font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"14\" fill=\"#d4d4d4\">"
  print "<rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#1e1e1e\"/>"
  for (i = 1; i <= last; i++)
    printf "<text x=\"12\" y=\"%d\" xml:space=\"preserve\">%s</text>\n", i * 18 + 8, text[i]
  print "</svg>"
}
