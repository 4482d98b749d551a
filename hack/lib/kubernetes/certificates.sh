# shellcheck shell=bash
# Who is who in a cluster: an authority of its own, a certificate for each, and the files by which each finds the API.

CERTIFICATES=$CLUSTER/certificates
CURVE=ec_paramgen_curve:prime256v1

make_certificates() {
  local node names=kubernetes
  mkdir -p "$CERTIFICATES"
  openssl req -x509 -newkey ec -pkeyopt "$CURVE" -nodes -days 3650 -subj /CN=docker-bmo-cluster \
    -keyout "$CERTIFICATES/ca.key" -out "$CERTIFICATES/ca.crt" 2>/dev/null
  openssl ecparam -name prime256v1 -genkey -noout -out "$CERTIFICATES/accounts.key"
  openssl ec -in "$CERTIFICATES/accounts.key" -pubout -out "$CERTIFICATES/accounts.pub" 2>/dev/null
  # Those that Pods use; the last address is that of the first Service.
  names=DNS:$names,DNS:$names.default,DNS:$names.default.svc,DNS:$names.default.svc.cluster.local
  certificate apiserver /CN=kube-apiserver "$names,IP:127.0.0.1,IP:$(api_address),IP:$(cluster_net).128.1"
  certificate apiserver-client /O=system:masters/CN=kube-apiserver
  certificate admin /O=system:masters/CN=admin
  certificate controller-manager /CN=system:kube-controller-manager
  certificate scheduler /CN=system:kube-scheduler
  certificate proxy /CN=system:kube-proxy
  for node in "${NODES[@]}"; do
    certificate "$node" "/O=system:nodes/CN=system:node:$node" "DNS:$node,IP:$(node_address "$node")"
  done
}

# certificate NAME SUBJECT [NAMES]: signed by the cluster's authority.
certificate() {
  local base=$CERTIFICATES/$1
  openssl req -newkey ec -pkeyopt "$CURVE" -nodes -subj "$2" -keyout "$base.key" -out "$base.csr" 2>/dev/null
  openssl x509 -req -in "$base.csr" -CA "$CERTIFICATES/ca.crt" -CAkey "$CERTIFICATES/ca.key" -days 3650 \
    -out "$base.crt" -extfile <(
      printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n'
      [[ -z ${3:-} ]] || printf 'subjectAltName=%s\n' "$3"
    ) 2>/dev/null
  rm "$base.csr"
}

# kubeconfig NAME: for who has that certificate.
kubeconfig() {
  cat <<END
apiVersion: v1
kind: Config
clusters:
- name: docker-bmo
  cluster:
    server: https://$(api_address):6443
    certificate-authority-data: $(base64 -w 0 "$CERTIFICATES/ca.crt")
users:
- name: $1
  user:
    client-certificate-data: $(base64 -w 0 "$CERTIFICATES/$1.crt")
    client-key-data: $(base64 -w 0 "$CERTIFICATES/$1.key")
contexts:
- name: docker-bmo
  context: {cluster: docker-bmo, user: $1}
current-context: docker-bmo
END
}
