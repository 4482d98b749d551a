#!/usr/bin/env bash
# The first process of a machine of the cluster: makes its mounts, then supervises what runs in them. Copied below the
# state folder and started by machine.sh as
#
#   unshare --net --mount --pid --uts --fork bash inside.sh NAME
#
# Relay and registry, which have less of a machine, are started in the same way. If one program of a machine ends, all
# of the machine does, and its log says which.
set -euo pipefail

: "${CLUSTER:?}" "${ROOT:?}" "${PROGRAMS:?}" "${NET:?}" "${API:?}" "${REGISTRY:?}" "${GROUP:?}"
NAME=$1
FOLDER=$CLUSTER/$NAME

enter() {
  record_self
  await_network
  join_groups
  make_mounts
  cd "$FOLDER/root"
  pivot_root . mnt
  umount -l /mnt
  # The mounts of volumes have to show up in containers, and the other way round.
  mount --make-rshared /
  hostname "$NAME"
  exec bash /machine/inside.sh "$NAME" watch
}

# record_self: /proc is still that of the host here, and so are its numbers.
record_self() {
  local line rest
  read -r line </proc/self/stat
  read -ra rest <<<"${line##*) }"
  printf '%s %s %s\n' "${line%% *}" "${rest[19]}" "$(</proc/sys/kernel/random/boot_id)" >"$FOLDER/pid.new"
  mv "$FOLDER/pid.new" "$FOLDER/pid"
}

# await_network: who has started us connects us; if that one was killed, nobody does.
await_network() {
  local tick
  for ((tick = 0; tick < 400; tick++)); do
    [[ ! -e $FOLDER/connected ]] || return 0
    sleep 0.05
  done
  printf 'error: %s has not been connected\n' "$NAME" >&2
  exit 1
}

# join_groups: control groups of our own in every hierarchy: what runs here is in /GROUP/NAME/system, and what a kubelet
# makes is next to it.
join_groups() {
  local top
  if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
    join_group /sys/fs/cgroup
  else
    for top in /sys/fs/cgroup/*; do
      [[ ! -d $top || -L $top || -e $top/cgroup.controllers ]] || join_group "$top"
    done
  fi
}

# join_group HIERARCHY
join_group() {
  local path=$1 part
  for part in "$GROUP" "$NAME" system; do
    mkdir -p "$path/$part"
    # A new set has neither processors nor memory; and in the one hierarchy of version 2, no controllers.
    [[ ! -e $path/cpuset.mems ]] || cat "$path/cpuset.cpus" >"$path/$part/cpuset.cpus"
    [[ ! -e $path/cpuset.mems ]] || cat "$path/cpuset.mems" >"$path/$part/cpuset.mems"
    [[ ! -e $path/cgroup.controllers ]] ||
      sed 's/[a-z]\+/+&/g' "$path/cgroup.controllers" >"$path/cgroup.subtree_control"
    path=$path/$part
  done
  printf '0\n' >"$path/cgroup.procs"
}

# make_mounts: over the root folder, which all machines share, lies one of its own, for whatever is written.
make_mounts() {
  local root=$FOLDER/root name
  mkdir -p "$FOLDER"/{root,upper,work}
  mount -t overlay overlay -o "lowerdir=$ROOT,upperdir=$FOLDER/upper,workdir=$FOLDER/work" "$root"
  mkdir -p "$root"/{machine,programs,lib/modules}
  mount -t proc proc "$root/proc"
  # Of our network, not of the host's.
  mount -t sysfs sysfs "$root/sys"
  mount --rbind /sys/fs/cgroup "$root/sys/fs/cgroup"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  mount --bind "$FOLDER" "$root/machine"
  mount --bind "$PROGRAMS" "$root/programs"
  mkdir "$root/run/registry"
  mount --bind "$CLUSTER/registry" "$root/run/registry"
  # Folders on the disk itself: no overlay can be mounted over another one's.
  for name in containerd kubelet etcd; do
    mkdir -p "$FOLDER/$name" "$root/var/lib/$name"
    mount --bind "$FOLDER/$name" "$root/var/lib/$name"
  done
  [[ ! -d /lib/modules ]] || mount --bind /lib/modules "$root/lib/modules"
  # Nothing beyond the cluster can be reached, so there is nobody to ask for names.
  rm -f "$root/etc/resolv.conf"
  : >"$root/etc/resolv.conf"
  printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$NAME" >"$root/etc/hosts"
}

# watch: until a program ends. As the first process we also reap the orphans, which bash does by itself.
watch() {
  local pid code=0
  cd /
  case $NAME in
    control) control ;;
    *) node ;;
  esac
  wait -n -p pid || code=$?
  printf 'error: %s has ended with exit code %s\n' "${RUNNING[$pid]:-process $pid}" "$code" >&2
  exit 1
}

# run PROGRAM ARG...: in the background, with a log of its own.
run() {
  "$@" >>"/machine/$(basename "$1").log" 2>&1 &
  RUNNING[$!]=$(basename "$1")
}

# await PID COMMAND...: until it succeeds, or that process has ended.
await() {
  until "${@:2}" >/dev/null 2>&1; do
    kill -0 "$1" || return
    sleep 0.05
  done
}

control() {
  local certificates=/machine/certificates
  # What a cluster knows ends with it.
  run etcd --data-dir /var/lib/etcd --unsafe-no-fsync --listen-client-urls http://127.0.0.1:2379 \
    --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
  run /programs/kube-apiserver --etcd-servers=http://127.0.0.1:2379 --advertise-address="$API" --secure-port=6443 \
    --tls-cert-file="$certificates/apiserver.crt" --tls-private-key-file="$certificates/apiserver.key" \
    --client-ca-file="$certificates/ca.crt" --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --kubelet-certificate-authority="$certificates/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --kubelet-client-certificate="$certificates/apiserver-client.crt" \
    --kubelet-client-key="$certificates/apiserver-client.key" --service-cluster-ip-range="$NET.128.0/20" \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$certificates/accounts.pub" \
    --service-account-signing-key-file="$certificates/accounts.key"
  await "$!" /programs/kubectl --kubeconfig=/machine/controller-manager.kubeconfig get --raw /readyz
  run /programs/kube-controller-manager --kubeconfig=/machine/controller-manager.kubeconfig --leader-elect=false \
    --authentication-kubeconfig=/machine/controller-manager.kubeconfig \
    --authorization-kubeconfig=/machine/controller-manager.kubeconfig --use-service-account-credentials \
    --service-account-private-key-file="$certificates/accounts.key" --root-ca-file="$certificates/ca.crt" \
    --cluster-signing-cert-file="$certificates/ca.crt" --cluster-signing-key-file="$certificates/ca.key"
  run /programs/kube-scheduler --kubeconfig=/machine/scheduler.kubeconfig --leader-elect=false \
    --authentication-kubeconfig=/machine/scheduler.kubeconfig --authorization-kubeconfig=/machine/scheduler.kubeconfig
}

node() {
  : "${ADDRESS:?}"
  run containerd --config /machine/containerd.toml
  await "$!" ctr version
  ctr --namespace k8s.io images import /programs/pause.tar
  run socat "TCP-LISTEN:${REGISTRY##*:},bind=${REGISTRY%:*},fork,reuseaddr" UNIX-CONNECT:/run/registry/socket
  run /programs/kube-proxy --config /machine/proxy.yaml
  run /programs/kubelet --config /machine/kubelet.yaml --kubeconfig /machine/kubelet.kubeconfig \
    --hostname-override "$NAME" --node-ip "$ADDRESS"
}

# relay: in the host's network.
relay() {
  record_self
  exec socat "UNIX-LISTEN:$CLUSTER/registry/socket,fork,unlink-early,mode=600" "TCP:$REGISTRY"
}

# registry: in the host's network, too, with its folder in the root folder that has the program.
registry() {
  mount --bind "$FOLDER" "$ROOT/srv"
  record_self
  exec chroot "$ROOT" docker-registry serve /srv/registry.yml
}

declare -A RUNNING=()
case $NAME:${2:-} in
  relay:) relay ;;
  registry:) registry ;;
  *:watch) watch ;;
  *) enter ;;
esac
