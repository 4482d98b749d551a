# shellcheck shell=bash
# The configuration files of the control plane and of a node. Each machine sees its own folder as /machine.

write_control() {
  local name folder=$CLUSTER/control
  mkdir -p "$folder/certificates"
  cp "$CERTIFICATES"/{ca,apiserver,apiserver-client}.{crt,key} "$CERTIFICATES"/accounts.{key,pub} \
    "$folder/certificates/"
  for name in controller-manager scheduler; do
    kubeconfig "$name" >"$folder/$name.kubeconfig"
  done
}

# write_node NODE
write_node() {
  local folder=$CLUSTER/$1
  mkdir -p "$folder"/{certificates,cni,"certs.d/$(cluster_registry)"}
  cp "$CERTIFICATES"/{ca.crt,"$1.crt","$1.key"} "$folder/certificates/"
  kubeconfig "$1" >"$folder/kubelet.kubeconfig"
  kubeconfig proxy >"$folder/proxy.kubeconfig"
  containerd_toml >"$folder/containerd.toml"
  hosts_toml >"$folder/certs.d/$(cluster_registry)/hosts.toml"
  cni_json "$1" >"$folder/cni/10-cluster.conflist"
  kubelet_yaml "$1" >"$folder/kubelet.yaml"
  proxy_yaml "$1" >"$folder/proxy.yaml"
}

# containerd_toml: root does not have CAP_SYS_RESOURCE everywhere, and runc fails to lower a score without it.
containerd_toml() {
  cat <<END
version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "$PAUSE_IMAGE"
[plugins."io.containerd.cri.v1.images".registry]
config_path = "/machine/certs.d"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["/usr/lib/cni"]
conf_dir = "/machine/cni"
END
}

hosts_toml() {
  cat <<END
server = "http://$(cluster_registry)"
[host."http://$(cluster_registry)"]
capabilities = ["pull", "resolve"]
END
}

# cni_json NODE
cni_json() {
  cat <<END
{"cniVersion": "1.0.0", "name": "cluster", "plugins": [
  {"type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true, "ipam": {
    "type": "host-local", "ranges": [[{"subnet": "$(pod_subnet "$1")"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}
]}
END
}

# kubelet_yaml NODE: a disk that is nearly full is the whole machine's, and no reason to evict Pods of one node.
kubelet_yaml() {
  cat <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: /machine/certificates/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: /machine/certificates/$1.crt
tlsPrivateKeyFile: /machine/certificates/$1.key
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
volumePluginDir: /var/lib/kubelet/plugins-exec
resolvConf: /etc/resolv.conf
cgroupDriver: cgroupfs
cgroupRoot: /$(cgroup_name)/$1
enforceNodeAllocatable: []
failSwapOn: false
failCgroupV1: false
oomScoreAdj: 0
serializeImagePulls: false
imageGCHighThresholdPercent: 100
evictionHard:
  memory.available: 100Mi
  nodefs.available: 0%
  nodefs.inodesFree: 0%
  imagefs.available: 0%
  imagefs.inodesFree: 0%
END
}

# proxy_yaml NODE: the table of connections is the whole machine's, so its size is left alone.
proxy_yaml() {
  cat <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: $(cluster_net).64.0/18
hostnameOverride: $1
clientConnection: {kubeconfig: /machine/proxy.kubeconfig}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
END
}
