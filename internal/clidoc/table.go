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
			"dry-run":       isNew("as `docker compose --dry-run`, for the whole command"),
			"explain":       isNew("buildx has no snapshots to compare with"),
			"env-file":      envFile,
			"keep-failed":   isNew("buildx has no first run that could fail"),
			"iidfile":       sameAs("docker buildx build").but("a snapshot is several images; its key identifies them all"),
			"label":         sameAs("docker buildx build").but("on all images of the snapshot; not part of its key: an existing snapshot gets the labels without being built again"),
			"metadata-file": sameAs("docker buildx build").but("one object per service, as buildx bake writes it, and the snapshot's key, stack and creation time"),
			"no-cache":      sameAs("docker buildx build", "docker compose build").but("bootstraps again, too"),
			"profile":       profile,
			"platform":      sameAs("docker buildx build").but("only the engine's own: an application is bootstrapped by running it. DOCKER_DEFAULT_PLATFORM applies, here and to `run`"),
			"progress":      sameAs("docker buildx build").but("shows contexts, bootstrap and readiness in the same display. BUILDKIT_PROGRESS and NO_COLOR apply"),
			"pull":          sameAs("docker buildx build", "docker compose build").but("bootstraps again only when a base image has changed"),
			"quiet":         sameAs("docker buildx build", "docker compose build").but("prints the snapshot's key instead of an image's ID"),
			"secret":        sameAs("docker buildx build").but("for every image of the stack; not part of the snapshot's key"),
			"set":           set,
			"source":        source,
			"ssh":           sameAs("docker buildx build", "docker compose build").but("for every image of the stack; not part of the snapshot's key"),
			"stack":         stackFlag,
		},
		Missing: missing["build"],
	},
	"completion": {
		Like: []string{"docker completion"},
		Note: "The script completes docker and all plugins; if `docker completion` is set up already, there is nothing to do.",
	},
	"config": {
		Like: []string{"docker compose config"},
		Flags: map[string]Flag{
			"db":       db,
			"env-file": envFile,
			"notes":    isNew("Compose has nothing to say about itself"),
			"profile":  profile,
			"flavors":  isNew("Compose has no flavors; works like `--services`"),
			"format":   sameAs("docker compose config"),
			"hash":     sameAs("docker compose config").but("covers the parts of a service that the snapshot's key covers"),
			"output":   sameAs("docker compose config"),
			"quiet":    sameAs("docker compose config"),
			"services": sameAs("docker compose config"),
			"set":      set,
			"stack":    stackFlag,
		},
		Missing: missing["config"],
	},
	"exec": {
		Like: []string{"docker exec", "docker compose exec"},
		Note: "The instance comes first, since a stack may have many; apart from that it is `docker compose exec`.",
		Flags: map[string]Flag{
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
		Flags:   map[string]Flag{"format": sameAs("docker inspect")},
		Missing: missing["inspect"],
	},
	"logs": {
		Like: []string{"docker logs", "docker compose logs"},
		Note: `Without --follow the lines of all services are sorted by time. What a service wrote to standard error goes to
standard error. Names are padded as compose does it, without colors.`,
		Flags: map[string]Flag{
			"follow":        sameAs("docker logs", "docker compose logs"),
			"no-log-prefix": sameAs("docker compose logs"),
			"since":         sameAs("docker logs", "docker compose logs"),
			"tail":          sameAs("docker logs", "docker compose logs"),
			"timestamps":    sameAs("docker logs", "docker compose logs"),
			"until":         sameAs("docker logs", "docker compose logs"),
		},
		Missing: missing["logs"],
	},
	"port": {
		Like: []string{"docker port", "docker compose port"},
		Note: "Without SERVICE it lists the ports of all services. Only the application's port is published unless `run --publish` adds others.",
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
			"all":      sameAs("docker ps", "docker compose ps").but("also shows those that are still starting"),
			"filter":   sameAs("docker ps").but("by `name`, `status` (starting, running, exited), `stack`, `snapshot`, `flavor`"),
			"format":   sameAs("docker ps", "docker compose ps"),
			"no-trunc": sameAs("docker ps", "docker compose ps"),
			"quiet":    sameAs("docker ps", "docker compose ps").but("prints names: they identify instances"),
		},
		Missing: missing["ps"],
	},
	"run": {
		Like: []string{"docker run", "docker compose up", "docker compose run"},
		Note: `Ready means that the database answers a query and the web server gives a valid HTTP response. An instance is
removed when its command ends or it is stopped.`,
		Flags: map[string]Flag{
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
			"no-build":      sameAs("docker compose up").but("a missing snapshot is an error"),
			"no-cache":      sameAs("docker buildx build").but("see `build`"),
			"number":        isNew("tests need several instances at once; as many start at a time as the engine has processors, and all are removed if one fails"),
			"progress":      sameAs("docker buildx build").but("see `build`"),
			"publish": sameAs("docker run", "docker compose run").but("only on 127.0.0.1 and only tcp; prefix `SERVICE:` for a service other than the application's. " +
				"Without it only the application is published, on a free port"),
			"pull":         sameAs("docker buildx build").but("a switch, as in `build`; `docker run --pull` takes a value"),
			"quiet":        sameAs("docker run").but("also suppresses the build's progress"),
			"secret":       sameAs("docker buildx build").but("see `build`"),
			"set":          set,
			"snapshot":     isNew("an older snapshot can be run without its inputs"),
			"source":       source,
			"ssh":          sameAs("docker buildx build").but("see `build`"),
			"stack":        stackFlag,
			"wait-timeout": sameAs("docker compose up").but("exit code 124 when it is exceeded; replaces the stack's own timeouts"),
		},
		Missing: missing["run"],
	},
	"snapshot inspect": {
		Like:  []string{"docker image inspect"},
		Note:  "A KEY may be shortened as long as it is unambiguous.",
		Flags: map[string]Flag{"format": sameAs("docker image inspect")},
	},
	"snapshot ls": {
		Like: []string{"docker image ls"},
		Note: "Base images show which database a snapshot has. A template has the fields `.Key`, `.Stack`, `.Services`, `.Bases`,\n" +
			"`.Version`, `.Size`, `.CreatedSince` and `.CreatedAt`.",
		Flags: map[string]Flag{
			"filter":   sameAs("docker image ls").but("by `label` and `stack`"),
			"format":   sameAs("docker image ls"),
			"no-trunc": sameAs("docker image ls"),
			"quiet":    sameAs("docker image ls").but("prints keys"),
		},
		Missing: missing["snapshot ls"],
	},
	"snapshot rm": {
		Like:    []string{"docker image rm"},
		Missing: missing["snapshot rm"],
	},
	"stop": {
		Like: []string{"docker stop", "docker compose down"},
		Note: "It also removes the instance, as `docker stop` does with a container that was started with `--rm`: a new one starts in seconds.",
		Flags: map[string]Flag{
			"all":     isNew("instances are many and short-lived; `-a` is docker's letter for all"),
			"timeout": sameAs("docker stop", "docker compose down"),
		},
		Missing: missing["stop"],
	},
	"version": {
		Like:  []string{"docker version"},
		Flags: map[string]Flag{"format": sameAs("docker version")},
	},
}

// Flags of several commands that say which stack is meant.
var (
	db        = isNew("short for `--set DB=...`, since the choice is common")
	set       = isNew("compose takes a file's variables only from the environment and `--env-file`; the environment works here, too, but this flag takes precedence")
	source    = isNew("a stack may use a source tree that is elsewhere")
	stackFlag = isNew("compose's `-f`: Compose files, each laid over those before it, or a folder with one, or a built-in stack by name. `--file` is another name for it. COMPOSE_FILE applies")
	profile   = isNew("as for `docker compose`; COMPOSE_PROFILES applies")
	envFile   = isNew("as for `docker compose`; COMPOSE_ENV_FILES applies, also to `run`, whose `--env-file` is that of `docker run`")
)

func sameAs(commands ...string) Flag { return Flag{Same: commands} }

func (f Flag) but(note string) Flag {
	f.Note = note
	return f
}

func isNew(why string) Flag { return Flag{Note: why} }
