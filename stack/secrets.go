package stack

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"

	"github.com/compose-spec/compose-go/v2/types"
)

// secretsDir is where Compose puts secrets.
const secretsDir = "/run/secrets"

// defaultFileMode is that of secrets and configs.
const defaultFileMode fs.FileMode = 0o444

// secretFiles reads the secrets and configs of a service.
func (l *loading) secretFiles(s *Service, at string, cfg types.ServiceConfig) {
	for i, ref := range cfg.Secrets {
		place := fmt.Sprintf("%s.secrets[%d]", at, i)
		object, ok := l.project.Secrets[ref.Source]
		l.addFile(s, place, types.FileReferenceConfig(ref), types.FileObjectConfig(object), ok, secretsDir)
	}
	for i, ref := range cfg.Configs {
		place := fmt.Sprintf("%s.configs[%d]", at, i)
		object, ok := l.project.Configs[ref.Source]
		l.addFile(s, place, types.FileReferenceConfig(ref), types.FileObjectConfig(object), ok, "/")
	}
}

func (l *loading) addFile(s *Service, at string, ref types.FileReferenceConfig, object types.FileObjectConfig, declared bool, dir string) {
	if !declared {
		l.problems.add(at, fmt.Sprintf("%q is not declared at the top of the file", ref.Source), "")
		return
	}
	f := File{Name: ref.Source, Secret: dir == secretsDir, Target: ref.Target, Mode: defaultFileMode}
	if f.Target == "" {
		f.Target = ref.Source
	}
	if !path.IsAbs(f.Target) {
		f.Target = path.Join(dir, f.Target)
	}
	if ref.Mode != nil {
		f.Mode = fs.FileMode(*ref.Mode) & fs.ModePerm
	}
	f.UID, f.GID = l.id(at+".uid", ref.UID), l.id(at+".gid", ref.GID)
	f.Source = l.content(at, object)
	s.Files = append(s.Files, f)
}

// id reads the number of a user or group.
func (l *loading) id(at, text string) int {
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		l.problems.add(at, fmt.Sprintf("want a number, not %q", text), "")
	}
	return n
}

// content reads where the content of a secret or a config comes from.
func (l *loading) content(at string, object types.FileObjectConfig) Content {
	switch {
	case object.Environment != "":
		value, ok := l.vars.lookup(object.Environment)
		if !ok {
			l.problems.add(at, fmt.Sprintf("environment variable %s is not set", object.Environment),
				fmt.Sprintf("give it with --set %s=VALUE", object.Environment))
		}
		if l.stack.Variables == nil {
			l.stack.Variables = map[string]string{}
		}
		l.stack.Variables[object.Environment] = value
		return Content{Variable: object.Environment}
	case object.File != "":
		return Content{Path: l.folder(at, object.File)}
	default:
		return Content{Inline: object.Content}
	}
}

// buildSecrets reads the secrets of a build, by the id under which RUN mounts them.
func (l *loading) buildSecrets(b *Build, at string, cfg *types.BuildConfig) {
	for i, ref := range cfg.Secrets {
		place := fmt.Sprintf("%s.secrets[%d]", at, i)
		object, ok := l.project.Secrets[ref.Source]
		if !ok {
			l.problems.add(place, fmt.Sprintf("%q is not declared at the top of the file", ref.Source), "")
			continue
		}
		if b.Secrets == nil {
			b.Secrets = map[string]Content{}
		}
		id := ref.Source
		if ref.Target != "" {
			id = ref.Target
		}
		b.Secrets[id] = l.content(place, types.FileObjectConfig(object))
	}
}
