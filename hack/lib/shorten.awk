# Shortens what a step of a build has printed, in plain progress: of a long run of its lines the first three and the
# last two stay. Addresses of packages are left out throughout: they depend on the network in which it was made.

function flush(   i, shown) {
  for (i = 1; i <= n; i++) {
    if (n <= 8 || i <= 3 || i > n - 2) print line[i]
    else if (i == 4) printf "%s ... %d lines left out ...\n", step, n - 5 + dropped
  }
  if (n <= 8 && dropped) printf "%s ... %d lines left out ...\n", step, dropped
  n = dropped = 0
}

/^#[0-9]+ ([0-9]+\.[0-9]+ |sha256:|extracting )/ {
  if ($1 != step) { flush(); step = $1 }
  if (/https?:\/\// && !/127\.0\.0\.1/) dropped++
  else line[++n] = $0
  next
}
{ flush(); print }
END { flush() }
