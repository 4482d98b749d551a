package clidoc

// Table is what the commands are like.
var Table = map[string]Command{
	"build": {
		Like: []string{"docker buildx build", "docker compose build"},
		Note: `It builds a stack, not a folder: there is no PATH argument, and several images may be the result. What buildx
writes for one image is written for each service.`,
		Flags: map[string]Flag{
			"build-arg":     sameAs("docker buildx build", "docker compose build"),
			"build-context": sameAs("docker buildx build").but("also puts another folder in the place of a context that the stack declares; goes for every image of the stack"),
			"cache-from":    sameAs("docker buildx build").but("each image's cache goes by the service: folder `DIR/SERVICE`, tag `TAG-SERVICE`, scope or name `NAME-SERVICE`"),
			"cache-to":      sameAs("docker buildx build").but("named as for `--cache-from`; other types than `inline` need the containerd image store, as with buildx's docker driver"),
			"db":            db,
			"iidfile":       sameAs("docker buildx build").but("a snapshot is several images; its key identifies them all"),
			"label":         sameAs("docker buildx build").but("of all images of the snapshot; no part of its key: a snapshot that is there gets the labels without being made again"),
			"metadata-file": sameAs("docker buildx build").but("an object a service, as buildx bake writes, and the snapshot's key, stack and creation time"),
			"no-cache":      sameAs("docker buildx build", "docker compose build").but("bootstraps again, too"),
			"platform":      sameAs("docker buildx build").but("only the engine's own: an application is bootstrapped by running it. DOCKER_DEFAULT_PLATFORM counts, here and for `run`"),
			"progress":      sameAs("docker buildx build").but("shows contexts, bootstrap and readiness in the same display. BUILDKIT_PROGRESS and NO_COLOR count"),
			"pull":          sameAs("docker buildx build", "docker compose build").but("bootstraps again only when a base image has changed"),
			"quiet":         sameAs("docker buildx build", "docker compose build").but("prints the snapshot's key in place of an image's identifier"),
			"set":           set,
			"source":        source,
			"stack":         stackFlag,
		},
		Missing: missing["build"],
	},
	"completion": {
		Like: []string{"docker completion"},
		Note: "The script completes docker and all plugins; once `docker completion` is set up, there is nothing to do.",
	},
	"config": {
		Like: []string{"docker compose config"},
		Flags: map[string]Flag{
			"db":       db,
			"flavors":  isNew("Compose has no flavors; in the manner of `--services`"),
			"format":   sameAs("docker compose config"),
			"hash":     sameAs("docker compose config").but("covers what the snapshot's key covers of a service"),
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
		Note: "An instance comes first, since there may be many of a stack; then it is `docker compose exec`.",
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
	"inspect": {
		Like:    []string{"docker inspect"},
		Flags:   map[string]Flag{"format": sameAs("docker inspect")},
		Missing: missing["inspect"],
	},
	"logs": {
		Like: []string{"docker logs", "docker compose logs"},
		Note: `Without --follow the lines of all services are in the order of their times. What a service wrote to standard error
goes to standard error. Names are padded as by compose, without colors.`,
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
		Note: "Without SERVICE it lists those of all services. Only the application's port is published unless `run --publish` asks for more.",
	},
	"prune": {
		Like: []string{"docker image prune", "docker system prune"},
		Note: "Filters under `pruneFilters` in the docker configuration count, as for docker's own prune commands.",
		Flags: map[string]Flag{
			"all":        sameAs("docker image prune", "docker system prune").but("short for `--keep-last 0`"),
			"dry-run":    isNew("docker's prune commands cannot show what would go; compose has a flag of that name"),
			"filter":     sameAs("docker image prune", "docker system prune").but("`label`, `label!` and `until`, of snapshots; a snapshot with any of several `label!` stays"),
			"force":      sameAs("docker image prune", "docker system prune"),
			"keep-last":  isNew("snapshots of a stack follow one another, and the newest is the one that is used"),
			"older-than": isNew("`--filter until=DURATION` as a flag of its own"),
			"stack":      isNew("snapshots belong to stacks"),
		},
		Missing: missing["prune"],
	},
	"ps": {
		Like: []string{"docker ps", "docker compose ps"},
		Note: "It lists instances, each of which is several containers; `docker ps` shows those. A template has the fields\n" +
			"`.Name`, `.State`, `.Status`, `.RunningFor` and `.CreatedAt`, as docker's do, and `.Stack`, `.Snapshot`,\n" +
			"`.Flavor` and `.URL`. `psFormat` of the docker configuration is for containers and does not count.",
		Flags: map[string]Flag{
			"all":      sameAs("docker ps", "docker compose ps").but("shows those that are still starting, too"),
			"filter":   sameAs("docker ps").but("by `name`, `status` (starting, running, exited), `stack`, `snapshot`, `flavor`"),
			"format":   sameAs("docker ps", "docker compose ps"),
			"no-trunc": sameAs("docker ps", "docker compose ps"),
			"quiet":    sameAs("docker ps", "docker compose ps").but("prints names: they identify instances"),
		},
		Missing: missing["ps"],
	},
	"run": {
		Like: []string{"docker run", "docker compose up", "docker compose run"},
		Note: `Ready means ready: the database answers a query, the web server a valid HTTP response. An instance is removed
when its command ends or it is stopped.`,
		Flags: map[string]Flag{
			"build-arg":     sameAs("docker buildx build"),
			"build-context": sameAs("docker buildx build").but("see `build`"),
			"db":            db,
			"detach":        sameAs("docker run", "docker compose up", "docker compose run").but("returns when the instance is ready; prints its name"),
			"env":           sameAs("docker run", "docker compose run").but("of the application's service, the one that the stack's address leads to"),
			"env-file":      sameAs("docker run").but("of the application's service, as `--env`, which wins"),
			"flavor":        isNew("one snapshot runs with little memory or with usual settings; the stack says what that means"),
			"format":        isNew("`docker run` has none; a script that starts instances needs more of them than the name: `.Name`, `.URL`, `.Key`, `.Stack`, `.Flavor`, `.Services`, `.Ports`, `.Env`"),
			"name":          sameAs("docker run", "docker compose run").but("with `--number` the names are NAME-1, NAME-2, ..."),
			"no-build":      sameAs("docker compose up").but("a missing snapshot is an error"),
			"no-cache":      sameAs("docker buildx build").but("see `build`"),
			"number":        isNew("tests want several instances at once; as many start at a time as the engine has processors, and all are removed when one fails"),
			"progress":      sameAs("docker buildx build").but("see `build`"),
			"publish":       sameAs("docker run", "docker compose run").but("only on 127.0.0.1 and only tcp; `SERVICE:` in front for another service than the application's. Without it the application alone is published, on a free port"),
			"pull":          sameAs("docker buildx build").but("a switch as for `build`; `docker run --pull` takes a word"),
			"quiet":         sameAs("docker run").but("suppresses the build's progress, too"),
			"set":           set,
			"snapshot":      isNew("an older snapshot can be run without its inputs"),
			"source":        source,
			"stack":         stackFlag,
			"wait-timeout":  sameAs("docker compose up").but("exit code 124 when it is over; in place of the stack's own timeouts"),
		},
		Missing: missing["run"],
	},
	"snapshot inspect": {
		Like:  []string{"docker image inspect"},
		Note:  "A KEY may be shortened as long as it is the only one that begins so.",
		Flags: map[string]Flag{"format": sameAs("docker image inspect")},
	},
	"snapshot ls": {
		Like: []string{"docker image ls"},
		Note: "Base images tell which database a snapshot has. A template has the fields `.Key`, `.Stack`, `.Services`, `.Bases`,\n" +
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
		Note: "It also removes the instance, as `docker stop` does with a container that was started with `--rm`: a copy is made in seconds.",
		Flags: map[string]Flag{
			"all":     isNew("instances are many and short-lived; the letter is docker's for all"),
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
	db        = isNew("short for `--set DB=...`, since the choice is a usual one")
	set       = isNew("compose takes a file's variables from the environment and `--env-file` only; both work, and this wins")
	source    = isNew("a stack may be made from a source tree that lies elsewhere")
	stackFlag = isNew("in the place of compose's `--file`: a built-in stack by name, or a Compose file or its folder")
)

func sameAs(commands ...string) Flag { return Flag{Same: commands} }

func (f Flag) but(note string) Flag {
	f.Note = note
	return f
}

func isNew(why string) Flag { return Flag{Note: why} }
