package clidoc

// Table compares all commands.
var Table = map[string]Command{
	"build": {
		Like: []string{"docker buildx build", "docker compose build"},
		Note: `It builds a stack, not a folder: there is no PATH argument, and several images may be the result. What buildx
writes for one image is written for each service.`,
		Flags: map[string]Flag{
			"build-arg":     sameAs("docker buildx build", "docker compose build"),
			"build-context": sameAs("docker buildx build").but("also replaces a context that the stack declares; applies to every image of the stack"),
			"cache-from":    sameAs("docker buildx build").but("each image has a cache of its own, named by its service: folder `DIR/SERVICE`, tag `TAG-SERVICE`, scope or name `NAME-SERVICE`"),
			"cache-to":      sameAs("docker buildx build").but("named as for `--cache-from`; other types than `inline` need the containerd image store, as with buildx's docker driver"),
			"db":            db,
			"dry-run":       isNew("as `docker compose --dry-run`, for the whole command; with --quiet it prints the digest of the inputs, for caches ([fleet.md](fleet.md#in-ci))"),
			"explain":       isNew("buildx has no snapshots to compare with"),
			"env-file":      envFile,
			"keep-failed":   isNew("buildx has no first run that could fail"),
			"iidfile":       sameAs("docker buildx build").but("a snapshot is several images; its key identifies them all"),
			"label":         sameAs("docker buildx build").but("on all images of the snapshot; not part of its key: an existing snapshot gets the labels without being built again"),
			"metadata-file": sameAs("docker buildx build").but("one object per service, as buildx bake writes it, and the snapshot's key, stack and creation time"),
			"from-nearest":  isNew("buildx has no first run to go on from"),
			"no-cache":      sameAs("docker buildx build", "docker compose build").but("bootstraps again, too, from no checkpoint"),
			"profile":       profile,
			"progress":      sameAs("docker buildx build").but("shows contexts, bootstrap and readiness in the same display. BUILDKIT_PROGRESS and NO_COLOR apply"),
			"pull":          sameAs("docker buildx build", "docker compose build").but("bootstraps again only when a base image has changed"),
			"push":          sameAs("docker buildx build", "docker compose build").but("to the repository of `--repository`; one that is there is left as it is"),
			"repository":    repository,
			"platform":      platform,
			"verify":        verify,
			"quiet":         sameAs("docker buildx build", "docker compose build").but("prints the snapshot's key instead of an image's ID"),
			"attest":        attests,
			"provenance":    provenance,
			"sbom":          sbom,
			"sign":          sign,
			"secret":        sameAs("docker buildx build").but("for every image of the stack; not part of the snapshot's key"),
			"set":           set,
			"source":        source,
			"ssh":           sameAs("docker buildx build", "docker compose build").but("for every image of the stack; not part of the snapshot's key"),
			"stack":         stackFlag,
		},
		Missing: missing["build"],
	},
	"commit": {
		Like: []string{"docker commit"},
		Note: `It commits all services of an instance at once, and the volumes that they share. A snapshot has a name of its own, not
that of an image; what it was committed from is its parent.`,
		Flags: map[string]Flag{
			"db": db, "env-file": envFile, "profile": profile, "set": set, "stack": stackFlag,
			"progress": sameAs("docker buildx build").but("see `build`"),
			"quiet":    isNew("prints the key only, as for `build`"),
			"source":   isNew("what has changed since is noted with the snapshot"),
		},
		Missing: missing["commit"],
	},
	"completion": {
		Like: []string{"docker completion"},
		Note: "The script completes docker and all plugins; if `docker completion` is set up already, there is nothing to do.",
	},
	"config": {
		Like: []string{"docker compose config"},
		Flags: map[string]Flag{
			"db":           db,
			"env-file":     envFile,
			"notes":        isNew("Compose has nothing to say about itself"),
			"profile":      profile,
			"flavors":      isNew("Compose has no flavors; works like `--services`"),
			"format":       sameAs("docker compose config").but("`kubernetes` is a manifest ([kubernetes.md](kubernetes.md#manifests))"),
			"flavor":       ofManifest,
			"name":         ofManifest,
			"repository":   ofManifest,
			"service-type": ofManifest,
			"snapshot":     ofManifest,
			"hash":         sameAs("docker compose config").but("covers the parts of a service that the snapshot's key covers"),
			"output":       sameAs("docker compose config"),
			"quiet":        sameAs("docker compose config"),
			"services":     sameAs("docker compose config"),
			"set":          set,
			"stack":        stackFlag,
		},
		Missing: missing["config"],
	},
	"diff": {
		Like: []string{"docker diff"},
		Note: "`docker diff` knows files; tables are compared by the server's own checksums. Folders that only lead to what is listed\n" +
			"are left out. A template has the fields `.Service`, `.Change`, `.Type`, `.Name`, `.Rows` and `.RowsBefore`.",
		Flags: map[string]Flag{
			"db": db, "env-file": envFile, "profile": profile, "set": set, "stack": stackFlag,
			"all":    isNew("a database changes its files in every start"),
			"format": sameAs("docker ps"),
		},
	},
	"doctor": {
		Like: []string{"docker info"},
		Note: "`docker info` shows what the engine says of itself; this says what it means here, and what to do.",
		Flags: map[string]Flag{
			"format": sameAs("docker ps").but("an object for each finding; `docker info` has one for all"),
		},
	},
	"events": {
		Like: []string{"docker events", "docker compose events"},
		Note: `It is about one instance, or about how one snapshot was made, from its beginning on, also when that is gone. Next to what
the engine did are the steps and probes of docker bmo. Without --follow it ends with what has happened so far.`,
		Flags: map[string]Flag{
			"on":     on,
			"filter": sameAs("docker events").but("has no letter, since `-f` follows, as for `docker bmo logs`; `type` (container, step, probe, service, record), `event`, `service`, `container`"),
			"follow": isNew("as for `docker bmo logs`: what happened is kept, so there is an end"),
			"format": sameAs("docker events"),
			"last":   last,
			"since":  sameAs("docker events", "docker compose events"),
			"tail":   isNew("as for `docker bmo logs`"),
			"until":  sameAs("docker events", "docker compose events"),
		},
	},
	"exec": {
		Like: []string{"docker exec", "docker compose exec"},
		Note: "The instance comes first, since a stack may have many; apart from that it is `docker compose exec`.",
		Flags: map[string]Flag{
			"on":          on,
			"detach":      sameAs("docker exec", "docker compose exec"),
			"detach-keys": sameAs("docker exec"),
			"env-file":    sameAs("docker exec"),
			"env":         sameAs("docker exec", "docker compose exec"),
			"interactive": sameAs("docker exec").but("the default, as for `docker compose exec`"),
			"no-tty":      sameAs("docker compose exec"),
			"privileged":  sameAs("docker exec", "docker compose exec"),
			"tty":         sameAs("docker exec").but("the default where there is a terminal, as for `docker compose exec`"),
			"user":        sameAs("docker exec", "docker compose exec"),
			"workdir":     sameAs("docker exec", "docker compose exec"),
		},
		Missing: missing["exec"],
	},
	"init": {
		Like: []string{"docker init"},
		Note: "`docker init` writes a Dockerfile and a Compose file; this adds what a Compose file has no keys for.",
		Flags: map[string]Flag{
			"db": db, "profile": profile, "set": set, "stack": stackFlag,
			"schema": isNew("for editors: `docker init` writes no keys of its own"),
		},
	},
	"inspect": {
		Like:    []string{"docker inspect"},
		Flags:   map[string]Flag{"format": sameAs("docker inspect"), "on": on},
		Missing: missing["inspect"],
	},
	"logs": {
		Like: []string{"docker logs", "docker compose logs"},
		Note: `The instance may be gone; in place of one there may be the key or the name of a snapshot, for how it was made or why it could not be.
Without --follow the lines of all services are sorted by time. What a service wrote to standard error goes to
standard error. Names are padded as compose does it.`,
		Flags: map[string]Flag{
			"on":            on,
			"follow":        sameAs("docker logs", "docker compose logs"),
			"format":        isNew("for programs: docker and compose have no logs in JSON"),
			"last":          last,
			"no-color":      sameAs("docker compose logs").but("NO_COLOR applies, too; there are colors on a terminal only"),
			"no-log-prefix": sameAs("docker compose logs"),
			"since":         sameAs("docker logs", "docker compose logs"),
			"tail":          sameAs("docker logs", "docker compose logs"),
			"timestamps":    sameAs("docker logs", "docker compose logs"),
			"until":         sameAs("docker logs", "docker compose logs"),
		},
		Missing: missing["logs"],
	},
	"pool down": {
		Like:  []string{"docker compose down"},
		Note:  "A POOL may be shortened as long as it is unambiguous. Instances that a run has taken out stay.",
		Flags: map[string]Flag{"all": isNew("as for `docker bmo stop`"), "on": on},
	},
	"pool ls": {
		Like: []string{"docker service ls"},
		Note: "docker and compose keep nothing in advance; the columns are those of `docker service ls`, where they fit. A template has the\n" +
			"fields `.ID`, `.Stack`, `.Flavor`, `.Snapshot`, `.Ready`, `.Size`, `.Starting`, `.CreatedSince` and `.CreatedAt`.",
		Flags: map[string]Flag{
			"format":   sameAs("docker service ls"),
			"no-trunc": sameAs("docker ps"),
			"on":       on,
			"quiet":    sameAs("docker service ls").but("prints identifiers"),
		},
	},
	"pool up": {
		Like: []string{"docker compose up"},
		Note: "Its flags are those of `run` that say what is started.",
		Flags: map[string]Flag{
			"build-arg":     sameAs("docker buildx build"),
			"build-context": sameAs("docker buildx build").but("see `build`"),
			"db":            db,
			"env":           sameAs("docker run").but("see `run`"),
			"env-file":      sameAs("docker run").but("see `run`"),
			"flavor":        isNew("see `run`"),
			"from-nearest":  isNew("see `build`"),
			"on":            on,
			"service-type":  isNew("see `run`; a pool on a cluster is for one kind"),
			"no-cache":      sameAs("docker buildx build").but("see `build`"),
			"profile":       profile,
			"progress":      sameAs("docker buildx build").but("see `build`"),
			"repository":    repository,
			"platform":      platform,
			"verify":        verify,
			"pull":          sameAs("docker buildx build").but("see `build`"),
			"quiet":         sameAs("docker run").but("also suppresses the build's progress"),
			"secret":        sameAs("docker buildx build").but("see `build`"),
			"set":           set,
			"size":          isNew("`docker compose up --scale` is for services"),
			"source":        source,
			"ssh":           sameAs("docker buildx build").but("see `build`"),
			"stack":         stackFlag,
		},
	},
	"port": {
		Like:  []string{"docker port", "docker compose port"},
		Note:  "Without SERVICE it lists the ports of all services. Only the application's port is published unless `run --publish` adds others.",
		Flags: map[string]Flag{"on": on},
	},
	"prune": {
		Like: []string{"docker image prune", "docker system prune"},
		Note: "`pruneFilters` in the docker configuration apply, as to docker's own prune commands.",
		Flags: map[string]Flag{
			"all":        sameAs("docker image prune", "docker system prune").but("short for `--keep-last 0`"),
			"dry-run":    isNew("docker's prune commands cannot show what would be removed; compose has a flag of that name"),
			"filter":     sameAs("docker image prune", "docker system prune").but("`label`, `label!` and `until`, of snapshots; a snapshot with any of several `label!` is kept"),
			"force":      sameAs("docker image prune", "docker system prune"),
			"keep-last":  isNew("each build of a changed stack makes a snapshot, and only the newest is used"),
			"older-than": isNew("`--filter until=DURATION` as a flag of its own"),
			"repository": isNew("docker cannot remove anything from a registry; who uses a snapshot there is not known"),
			"stack":      isNew("snapshots belong to stacks"),
		},
		Missing: missing["prune"],
	},
	"ps": {
		Like: []string{"docker ps", "docker compose ps"},
		Note: "It lists instances, each of which is several containers; `docker ps` shows those. A template has the fields\n" +
			"`.Name`, `.State`, `.Status`, `.RunningFor` and `.CreatedAt`, as docker's do, and `.Stack`, `.Snapshot`,\n" +
			"`.Flavor` and `.URL`. `psFormat` of the docker configuration is for containers and does not apply.",
		Flags: map[string]Flag{
			"on":       on,
			"all":      sameAs("docker ps", "docker compose ps").but("also shows those that are still starting"),
			"filter":   sameAs("docker ps").but("by `name`, `status` (starting, running, paused, exited), `stack`, `snapshot`, `flavor`"),
			"format":   sameAs("docker ps", "docker compose ps"),
			"no-trunc": sameAs("docker ps", "docker compose ps"),
			"quiet":    sameAs("docker ps", "docker compose ps").but("prints names: they identify instances"),
		},
		Missing: missing["ps"],
	},
	"pull": {
		Like: []string{"docker pull", "docker compose pull"},
		Note: `A snapshot is several images, and its tag is its key, which may be shortened. Without one it is the newest snapshot of the
stack's inputs. ` + moves,
		Flags:   with(moveFlags("docker pull"), "verify", verify),
		Missing: missing["pull"],
	},
	"push": {
		Like:    []string{"docker push", "docker compose push"},
		Note:    "The repository comes last, as the images have no name that would say it. " + moves,
		Flags:   with(with(with(with(moveFlags("docker push"), "sign", sign), "attest", attests), "provenance", provenance), "sbom", sbom),
		Missing: missing["push"],
	},
	"report": {
		Like: []string{"docker export"},
		Note: "docker has nothing like it; where the page goes is said as for `docker export`.",
		Flags: map[string]Flag{
			"last":   last,
			"output": sameAs("docker export"),
		},
	},
	"reset": {
		Like: []string{"docker restart"},
		Note: "`docker restart` keeps what was written; this is for the opposite. The time is that of `docker bmo run`.",
		Flags: map[string]Flag{
			"db": db, "env-file": envFile, "profile": profile, "set": set, "stack": stackFlag,
			"progress":     sameAs("docker buildx build").but("see `build`"),
			"quiet":        isNew("as for `run`"),
			"wait-timeout": sameAs("docker compose up").but("as for `run`"),
		},
		Missing: missing["reset"],
	},
	"run": {
		Like: []string{"docker run", "docker compose up", "docker compose run"},
		Note: `Ready means that the database answers a query and the web server gives a valid HTTP response. An instance is
removed when its command ends or it is stopped.`,
		Flags: map[string]Flag{
			"on":            on,
			"context":       isNew("docker's own `--context` names one engine, for the whole command; this spreads COMMAND over several ([fleet.md](fleet.md#over-several-engines))"),
			"build-arg":     sameAs("docker buildx build"),
			"build-context": sameAs("docker buildx build").but("see `build`"),
			"db":            db,
			"detach":        sameAs("docker run", "docker compose up", "docker compose run").but("returns when the instance is ready; prints its name"),
			"env":           sameAs("docker run", "docker compose run").but("set on the application's service, the one that the stack's address refers to"),
			"profile":       profile,
			"env-file":      sameAs("docker run").but("set on the application's service, as with `--env`, which takes precedence"),
			"flavor":        isNew("one snapshot can run with little memory or with usual settings; the stack defines them"),
			"format":        isNew("`docker run` has none; a script that starts instances needs more than their names: `.Name`, `.URL`, `.Key`, `.Stack`, `.Flavor`, `.Services`, `.Ports`, `.Env`"),
			"name":          sameAs("docker run", "docker compose run").but("with `--number` the names are NAME-1, NAME-2, ..."),
			"live":          isNew("Compose mounts what is under `volumes`; here that is a copy, unless this is given"),
			"no-build":      sameAs("docker compose up").but("a missing snapshot is an error"),
			"from-nearest":  isNew("see `build`"),
			"no-cache":      sameAs("docker buildx build").but("see `build`"),
			"all-or-none":   isNew("one of many that fails does not take the others with it, unless that is asked for"),
			"parallel":      sameAs("docker compose up").but("a start is all computing: the default is the engine's processors, and `docker compose` has it before the command"),
			"number":        isNew("tests need several instances at once, or a command against each of them; each is printed when it is ready, in that order"),
			"progress":      sameAs("docker buildx build").but("see `build`"),
			"publish": sameAs("docker run", "docker compose run").but("only on 127.0.0.1 and only tcp; prefix `SERVICE:` for a service other than the application's. " +
				"Without it only the application is published, on a free port"),
			"pull":         sameAs("docker buildx build").but("a switch, as in `build`; `docker run --pull` takes a value"),
			"quiet":        sameAs("docker run").but("also suppresses the build's progress"),
			"secret":       sameAs("docker buildx build").but("see `build`"),
			"set":          set,
			"repository":   repository,
			"platform":     platform,
			"verify":       verify,
			"report":       isNew("for CI, where nobody can ask afterwards"),
			"attest":       sameAs("docker buildx build").but("with `--on`, of a snapshot that has to be pushed; see `build`"),
			"provenance":   sameAs("docker buildx build").but("with `--on`, of a snapshot that has to be pushed; see `build`"),
			"sbom":         sameAs("docker buildx build").but("with `--on`, of a snapshot that has to be pushed; see `build`"),
			"sign":         isNew("with `--on`, a snapshot that has to be pushed; see `build`"),
			"snapshot":     isNew("an older snapshot can be run without its inputs"),
			"service-type": isNew("docker has no clusters but Swarm's ([kubernetes.md](kubernetes.md#addresses))"),
			"source":       source,
			"ssh":          sameAs("docker buildx build").but("see `build`"),
			"stack":        stackFlag,
			"wait-timeout": sameAs("docker compose up").but("exit code 124 when it is exceeded; replaces the stack's own timeouts"),
		},
		Missing: missing["run"],
	},
	"snapshot inspect": {
		Like: []string{"docker image inspect"},
		Note: "A snapshot is given by its name or its key, which may be shortened as long as it is unambiguous.",
		Flags: map[string]Flag{
			"format":     sameAs("docker image inspect"),
			"repository": inRepository,
		},
	},
	"snapshot copy": {
		Note: "docker has no such command; `docker save | docker --context CONTEXT load` moves all layers ([fleet.md](fleet.md#without-a-registry)).",
		Flags: map[string]Flag{
			"progress": sameAs("docker buildx build").but("see `build`"),
			"quiet":    isNew("as for `push`"),
		},
	},
	"snapshot load": {
		Like: []string{"docker load"},
		Note: "It takes archives of `docker bmo snapshot save` only, compressed or not. With --quiet the key is all that is printed.",
		Flags: map[string]Flag{
			"input":    sameAs("docker load"),
			"progress": sameAs("docker buildx build").but("see `build`"),
			"quiet":    sameAs("docker load"),
		},
		Missing: missing["snapshot load"],
	},
	"snapshot ls": {
		Like: []string{"docker image ls"},
		Note: "Base images show which database a snapshot has. A template has the fields `.Key`, `.Name`, `.Parent`, `.Stack`,\n" +
			"`.AfterStep`, `.Services`, `.Bases`, `.Version`, `.Size`, `.CreatedSince` and `.CreatedAt`. A snapshot that was committed has\n" +
			"the key of the one that its instance was started from as its parent, and one that `build --from-nearest` has made that of\n" +
			"what its bootstrap went on from.",
		Flags: map[string]Flag{
			"all":        sameAs("docker image ls").but("hides checkpoints, which are no snapshots"),
			"filter":     sameAs("docker image ls").but("by `label` and `stack`"),
			"format":     sameAs("docker image ls"),
			"no-trunc":   sameAs("docker image ls"),
			"quiet":      sameAs("docker image ls").but("prints keys"),
			"repository": inRepository,
		},
		Missing: missing["snapshot ls"],
	},
	"snapshot rm": {
		Like:    []string{"docker image rm"},
		Missing: missing["snapshot rm"],
	},
	"snapshot save": {
		Like: []string{"docker save"},
		Note: "One archive has one snapshot, which is several images, and is compressed. `docker load` takes it, too, but checks less\n" +
			"([fleet.md](fleet.md#without-a-registry)).",
		Flags: map[string]Flag{
			"base":     isNew("images are saved whole; a snapshot of which most is there already need not be"),
			"output":   sameAs("docker save"),
			"progress": sameAs("docker buildx build").but("see `build`"),
			"quiet":    isNew("as for `push`"),
		},
		Missing: missing["snapshot save"],
	},
	"stop": {
		Like: []string{"docker stop", "docker compose down"},
		Note: "It also removes the instance, as `docker stop` does with a container that was started with `--rm`: a new one starts in seconds.",
		Flags: map[string]Flag{
			"on":      on,
			"all":     isNew("instances are many and short-lived; `-a` is docker's letter for all"),
			"timeout": sameAs("docker stop", "docker compose down").but("without it services are killed at once: their data goes with them"),
		},
		Missing: missing["stop"],
	},
	"test": {
		Like: []string{"docker compose run"},
		Note: `docker has nothing like it. The list, its placeholder {} and the exit code are those of xargs and GNU parallel; where
the tests' own reports are written, {junit}, is new.`,
		Flags: map[string]Flag{
			"context":       isNew("as for `run`"),
			"build-arg":     sameAs("docker buildx build"),
			"build-context": sameAs("docker buildx build").but("see `build`"),
			"db":            db,
			"env":           sameAs("docker compose run").but("see `run`"),
			"env-file":      isNew("see `run`"),
			"files":         isNew("a shell without `**` finds files in folders only"),
			"flavor":        isNew("see `run`"),
			"fresh":         isNew("tests that leave something behind want an instance each, others share one"),
			"junit":         isNew("CI systems read one report"),
			"live":          isNew("see `run`"),
			"no-build":      isNew("see `run`"),
			"from-nearest":  isNew("see `build`"),
			"no-cache":      sameAs("docker buildx build").but("see `build`"),
			"number":        isNew("as `-n` of pytest-xdist; instances that share nothing can be tested at the same time"),
			"profile":       profile,
			"progress":      sameAs("docker buildx build").but("see `build`; each test is a step"),
			"publish":       sameAs("docker compose run").but("see `run`"),
			"repository":    repository,
			"platform":      platform,
			"verify":        verify,
			"pull":          sameAs("docker buildx build").but("see `build`"),
			"quiet":         sameAs("docker compose run").but("also suppresses the build's progress"),
			"retries":       isNew("as for Playwright: what passes then is told of as flaky"),
			"secret":        sameAs("docker buildx build").but("see `build`"),
			"set":           set,
			"snapshot":      isNew("see `run`"),
			"source":        source,
			"ssh":           sameAs("docker buildx build").but("see `build`"),
			"stack":         stackFlag,
			"verbose":       isNew("as for `prove` and `go test`"),
			"wait-timeout":  isNew("see `run`"),
		},
	},
	"version": {
		Like:  []string{"docker version"},
		Flags: map[string]Flag{"format": sameAs("docker version")},
	},
}

// Flags of several commands that say which stack is meant.
var (
	db           = isNew("short for `--set DB=...`, since the choice is common")
	inRepository = isNew("docker cannot list a registry; sizes are those of the layers as they are there")
	platform     = sameAs("docker buildx build", "docker run").but("only one, which the engine's machine runs or emulates ([fleet.md](fleet.md#architectures)); DOCKER_DEFAULT_PLATFORM applies")
	repository   = isNew("where docker has an image's name say it; DOCKER_BMO_REPOSITORY and `x-bmo.repository` apply, and the flag wins over both")
	attests      = sameAs("docker buildx build").but("of what is pushed ([fleet.md](fleet.md#attested-and-signed)); BUILDX_NO_DEFAULT_ATTESTATIONS applies")
	provenance   = sameAs("docker buildx build").but("attested of what is pushed unless it is refused; one mode, in which arguments and commands are digests")
	sbom         = sameAs("docker buildx build").but("of what is pushed; without `generator` packages are found without a scanner ([fleet.md](fleet.md#attested-and-signed))")
	sign         = isNew("as `cosign sign --key`, without a transparency log; COSIGN_PASSWORD applies ([fleet.md](fleet.md#attested-and-signed))")
	verify       = isNew("as `cosign verify --key`, before anything else is read; DOCKER_BMO_VERIFY applies, and the flag wins ([fleet.md](fleet.md#attested-and-signed))")
	last         = isNew("names are made up, and what is gone is not in `docker bmo ps`")
	ofManifest   = isNew("of the manifest, as for `run`")
	on           = isNew("a cluster in place of the engine that `--context` names ([kubernetes.md](kubernetes.md)); KUBECONFIG applies")
	set          = isNew("compose takes a file's variables only from the environment and `--env-file`; the environment works here, too, but this flag takes precedence")
	source       = isNew("a stack may use a source tree that is elsewhere")
	stackFlag    = isNew("compose's `-f`: Compose files, each laid over those before it, or a folder with one, or a built-in stack by name. `--file` is another name for it. COMPOSE_FILE applies")
	profile      = isNew("as for `docker compose`; COMPOSE_PROFILES applies")
	envFile      = isNew("as for `docker compose`; COMPOSE_ENV_FILES applies, also to `run`, whose `--env-file` is that of `docker run`")
)

func sameAs(commands ...string) Flag { return Flag{Same: commands} }

func (f Flag) but(note string) Flag {
	f.Note = note
	return f
}

// moves is what is said of push and of pull.
const moves = "Credentials are docker's, and so is the way: the engine moves the layers that the other side lacks ([fleet.md](fleet.md))."

// moveFlags are the flags of push or of pull, which are like that command of docker's.
func moveFlags(like string) map[string]Flag {
	return map[string]Flag{
		"db": db, "env-file": envFile, "profile": profile, "set": set, "source": source, "stack": stackFlag,
		"progress": sameAs("docker buildx build").but("see `build`"),
		"quiet":    sameAs(like),
	}
}

// with returns flags and one more.
func with(flags map[string]Flag, name string, f Flag) map[string]Flag {
	flags[name] = f
	return flags
}

func isNew(why string) Flag { return Flag{Note: why} }
