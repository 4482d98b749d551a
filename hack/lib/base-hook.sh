#!/usr/bin/env bash
# Runs while a base image is made, given its root folder: what the images of
# Debian have beyond the packages.
set -euo pipefail
root=$1

# No daemon starts because its package is installed.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

# No packages and no package caches stay behind in layers; a Dockerfile that has
# a cache mount for them takes this file away, as it does with Debian's images.
cat >"$root/etc/apt/apt.conf.d/docker-clean" <<'END'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
END
# Packages are unpacked without waiting for the disk: an image is made from the start after a crash.
printf 'force-unsafe-io\n' >"$root/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"

cat >"$root/etc/apt/apt.conf.d/docker-no-languages" <<'END'
Acquire::Languages "none";
END

# The certificates that this machine trusts beyond Debian's. They come into
# force in the image when the package ca-certificates is installed there.
find /usr/local/share/ca-certificates -name '*.crt' 2>/dev/null | while read -r file; do
  install -D -m 644 "$file" "$root/usr/local/share/ca-certificates/$(basename "$file")"
done

rm -rf "$root"/var/log/* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
rm -f "$root/etc/hostname" "$root/etc/resolv.conf"
