package main

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"strconv"
	"text/template"

	"github.com/docker/cli/cli/command"
	"github.com/docker/cli/templates"

	"github.com/docker-bmo/docker-bmo/bmo"
	"github.com/docker-bmo/docker-bmo/internal/hint"
)

// startedInstance is what a script continues with, by the same names in JSON and in templates, as in docker.
type startedInstance struct {
	Name     string
	URL      string
	Key      string
	Stack    string
	Flavor   string
	Services map[string]string
	Ports    map[string]map[string]string
	Env      map[string]string
}

func describeStarted(i *bmo.Instance) startedInstance {
	ports := map[string]map[string]string{}
	for service, list := range i.Ports {
		ports[service] = map[string]string{}
		for private, public := range list {
			ports[service][strconv.Itoa(private)+"/tcp"] = net.JoinHostPort(cmp.Or(i.Host, bmo.Loopback), strconv.Itoa(public))
		}
	}
	return startedInstance{i.Name, i.URL, i.Key, i.Stack, i.Flavor, i.Services, ports, i.Env}
}

// parseInstanceFormat parses run's --format; nil if there is none.
func parseInstanceFormat(format string) (*template.Template, error) {
	switch format {
	case "":
		return nil, nil
	case "json":
		format = "{{json .}}"
	}
	t, err := templates.Parse(format)
	if err != nil {
		return nil, fmt.Errorf("--format: template parsing error: %w", err)
	}
	// A field that does not exist is reported before anything is started.
	return t, checkTemplate(t, startedInstance{})
}

// readyInstances prints what a script continues with: the names, or what the format says, one line for each instance.
type readyInstances struct {
	dockerCli command.Cli
	options   runOptions
	printed   map[string]bool
}

// print prints one of several detached instances when it is ready, unless that would garble a display on the terminal.
func (r *readyInstances) print(inst *bmo.Instance) {
	if !r.options.detach || r.options.number == 1 || r.dockerCli.Out().IsTerminal() {
		return
	}
	if r.printed == nil {
		r.printed = map[string]bool{}
	}
	r.printed[inst.Name] = r.printOne(inst) == nil
}

// rest prints the instances that have not been printed yet, and tells the user of all of them.
func (r *readyInstances) rest(list []*bmo.Instance) error {
	for _, inst := range list {
		if !r.options.quiet && r.options.format == "" {
			at := ""
			if inst.URL != "" {
				at = " at " + inst.URL
			}
			fmt.Fprintf(r.dockerCli.Err(), "%s is ready%s\n", inst.Name, at)
		}
		if r.printed[inst.Name] {
			continue
		}
		if err := r.printOne(inst); err != nil {
			return err
		}
	}
	return nil
}

func (r *readyInstances) printOne(inst *bmo.Instance) error {
	if r.options.format != "" {
		return printFormatted(r.dockerCli, []*bmo.Instance{inst}, r.options.format)
	}
	_, err := fmt.Fprintln(r.dockerCli.Out(), inst.Name)
	return err
}

func printFormatted(dockerCli command.Cli, list []*bmo.Instance, format string) error {
	t, err := parseInstanceFormat(format)
	if err != nil {
		return err
	}
	for _, inst := range list {
		var line bytes.Buffer
		if err := t.Execute(&line, describeStarted(inst)); err != nil {
			return hint.Wrap(templateError(err), "instance "+inst.Name+" is ready all the same: `docker bmo ps` lists it")
		}
		if _, err := fmt.Fprintln(dockerCli.Out(), line.String()); err != nil {
			return err
		}
	}
	return nil
}
