package stack

func flavorsDocument(flavors map[string]Flavor) doc {
	d := doc{}
	for name, f := range flavors {
		flavor := doc{}
		flavor.words("command", f.Command)
		flavor.set("environment", f.Environment)
		flavor.set("mem_limit", f.MemLimit)
		d[name] = flavor
	}
	return d
}

func (s *Stack) extensionDocument() doc {
	d := doc{}
	source := doc{}
	source.set("url", s.Source.URL)
	source.set("marker", s.Source.Marker)
	d.set("source", source)
	contexts := doc{}
	for name, c := range s.Contexts {
		contexts[name] = s.contextDocument(c)
	}
	d.set("contexts", contexts)
	d.set("bootstrap", stepsDocument(s.Bootstrap))
	d.set("start", stepsDocument(s.Start))
	url := doc{}
	url.set("service", s.URL.Service)
	url.set("port", s.URL.Port)
	url.set("path", s.URL.Path)
	url.set("environment", s.URL.Environment)
	d.set("url", url)
	d.set("env", s.Env)
	d.set("repository", s.Repository)
	d.set("portable", s.Portable)
	return d
}

func stepsDocument(list []Step) (steps []doc) {
	for _, step := range list {
		one := doc{"service": step.Service}
		one.words("command", step.Command)
		one.set("exec", step.Exec)
		one.set("checkpoint", step.Checkpoint)
		one.words("entrypoint", step.Entrypoint)
		one.set("user", step.User)
		one.set("working_dir", step.WorkingDir)
		one.set("environment", step.Environment)
		one.duration("timeout", step.Timeout)
		steps = append(steps, one)
	}
	return steps
}

func (s *Stack) contextDocument(c Context) doc {
	d := doc{"from": c.From}
	if isFolder(c.From) {
		d["from"] = s.absolute(c.From)
	}
	d.set("include", c.Include)
	d.set("exclude", c.Exclude)
	if c.Ignore != nil {
		d["ignore"] = *c.Ignore
	}
	return d
}
