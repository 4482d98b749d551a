package owner

import "golang.org/x/sys/windows/registry"

// machineID is drawn when Windows is installed. Copies of a machine share it.
func machineID() string {
	k, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Cryptography`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer k.Close()
	id, _, _ := k.GetStringValue("MachineGuid")
	return id
}

// bootID is empty: Windows has none, so that only locks prove anything.
func bootID() string { return "" }
