package snapshot

// Every label of ours begins with Prefix. This file is their only source.
const Prefix = "docker-bmo."

// Labels of snapshots, of the images on the way to them, and of containers and networks.
const (
	// LabelRole says what an object is for: one of the Role constants.
	LabelRole = Prefix + "role"
	// LabelKey is the key of the snapshot that the object is, or works for.
	LabelKey = Prefix + "key"
	// LabelInputs is the digest of everything in the key but the identity of the base images; it can be computed
	// without asking anybody, and so finds the snapshot of unchanged inputs.
	LabelInputs = Prefix + "inputs"
	// LabelStack is the stack's name.
	LabelStack = Prefix + "stack"
	// LabelService is the service that an image or container is for.
	LabelService = Prefix + "service"
	// LabelServices is the set of services, sorted, separated by commas. A snapshot without one of them is no snapshot.
	LabelServices = Prefix + "services"
	// LabelCreated is when the snapshot or instance was made, in RFC 3339 with nanoseconds, UTC. The images of one
	// snapshot share it to the letter.
	LabelCreated = Prefix + "created"
	// LabelVersion is the version of docker bmo.
	LabelVersion = Prefix + "version"
	// LabelContext, followed by a context's name, is that context's digest.
	LabelContext = Prefix + "context."
	// LabelParent is the identifier of the image before bootstrap.
	LabelParent = Prefix + "parent"
	// LabelSource is where the application's source came from, when that was a Git URL.
	LabelSource = Prefix + "source"
	// LabelBases are the names of the base images that the build resolved, sorted, separated by commas.
	LabelBases = Prefix + "bases"
	// LabelInstance is the name of the instance that a container or network belongs to.
	LabelInstance = Prefix + "instance"
	// LabelURL is the application's address, on the container that serves it.
	LabelURL = Prefix + "url"
	// LabelPort is the container's port that the application's address leads to, on the container that serves it.
	LabelPort = Prefix + "port"
	// LabelForward is on containers whose ports are forwarded from the machine that started them: PORT:PUBLIC, ...
	LabelForward = Prefix + "forward"
	// LabelLead is "true" on the container whose name tells whether its instance is ready.
	LabelLead = Prefix + "lead"
	// LabelFlavor is the flavor that a container runs in.
	LabelFlavor = Prefix + "flavor"
	// LabelDetached is "true" on instances that outlive the command that started them.
	LabelDetached = Prefix + "detached"
	// LabelOwner is the process that an object lives and dies with; see Owner.
	LabelOwner = Prefix + "owner"
)

// Values of LabelRole.
const (
	// RoleSnapshot marks the images of a snapshot.
	RoleSnapshot = "snapshot"
	// RoleBuilt marks images as BuildKit made them, while their bootstrap is under way.
	RoleBuilt = "built"
	// RoleRaw marks committed images that are not sealed yet.
	RoleRaw = "raw"
	// RoleBootstrap marks containers and networks of a bootstrap.
	RoleBootstrap = "bootstrap"
	// RoleInstance marks containers and networks of an instance.
	RoleInstance = "instance"
)
