package stack

// Settings are what a Compose file says of a container that means the same here and is handed to the engine as it is.
// The JSON names are Compose's keys; a field's zero value is the engine's default.
type Settings struct {
	Annotations       map[string]string `json:"annotations,omitempty"`
	BlkioWeight       uint16            `json:"blkio_weight,omitempty"`
	CapAdd            []string          `json:"cap_add,omitempty"`
	CapDrop           []string          `json:"cap_drop,omitempty"`
	Cgroup            string            `json:"cgroup,omitempty"`
	CgroupParent      string            `json:"cgroup_parent,omitempty"`
	CPUPeriod         int64             `json:"cpu_period,omitempty"` // microseconds
	CPUQuota          int64             `json:"cpu_quota,omitempty"`  // microseconds
	CPURTPeriod       int64             `json:"cpu_rt_period,omitempty"`
	CPURTRuntime      int64             `json:"cpu_rt_runtime,omitempty"`
	CPUs              float64           `json:"cpus,omitempty"`
	CPUSet            string            `json:"cpuset,omitempty"`
	CPUShares         int64             `json:"cpu_shares,omitempty"`
	DeviceCgroupRules []string          `json:"device_cgroup_rules,omitempty"`
	Devices           []Device          `json:"devices,omitempty"`
	DNS               []string          `json:"dns,omitempty"`
	DNSOptions        []string          `json:"dns_opt,omitempty"`
	DNSSearch         []string          `json:"dns_search,omitempty"`
	DomainName        string            `json:"domainname,omitempty"`
	ExtraHosts        []string          `json:"extra_hosts,omitempty"` // NAME:ADDRESS
	GPUs              []GPU             `json:"gpus,omitempty"`
	GroupAdd          []string          `json:"group_add,omitempty"`
	IPC               string            `json:"ipc,omitempty"`
	Labels            map[string]string `json:"labels,omitempty"`
	LogDriver         string            `json:"log_driver,omitempty"`
	LogOptions        map[string]string `json:"log_opt,omitempty"`
	MacAddress        string            `json:"mac_address,omitempty"`
	MemReservation    int64             `json:"mem_reservation,omitempty"` // bytes
	MemSwapLimit      int64             `json:"memswap_limit,omitempty"`   // bytes, -1: none
	MemSwappiness     *int64            `json:"mem_swappiness,omitempty"`
	OOMKillDisable    bool              `json:"oom_kill_disable,omitempty"`
	OOMScoreAdj       int               `json:"oom_score_adj,omitempty"`
	PidsLimit         int64             `json:"pids_limit,omitempty"`
	Privileged        bool              `json:"privileged,omitempty"`
	ReadOnly          bool              `json:"read_only,omitempty"`
	Runtime           string            `json:"runtime,omitempty"`
	SecurityOptions   []string          `json:"security_opt,omitempty"`
	StdinOpen         bool              `json:"stdin_open,omitempty"`
	StorageOptions    map[string]string `json:"storage_opt,omitempty"`
	Sysctls           map[string]string `json:"sysctls,omitempty"`
	TTY               bool              `json:"tty,omitempty"`
	UserNSMode        string            `json:"userns_mode,omitempty"`
	UTS               string            `json:"uts,omitempty"`
}

// Device is a device of the engine's host in a container.
type Device struct {
	Source      string `json:"source"`
	Target      string `json:"target"`
	Permissions string `json:"permissions"` // of r, w and m
}

// GPU is a request for devices of a driver.
type GPU struct {
	Driver       string            `json:"driver,omitempty"`
	Count        int               `json:"count,omitempty"` // -1: all
	DeviceIDs    []string          `json:"device_ids,omitempty"`
	Capabilities []string          `json:"capabilities,omitempty"`
	Options      map[string]string `json:"options,omitempty"`
}
