package config

import (
	"path/filepath"
	"strings"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// maxSecret bounds a secret file in bytes.
const maxSecret = 64 << 10

// secrets finds credentials.
type secrets struct {
	env func(string) (string, bool)
	dir string // relative files start here
}

// secret decodes the pair NAME_file and NAME_env, of which one is given.
func (d *decoder) secret(n *node, p path, name string, given map[string]*node, v *connectors.Secret) {
	fromFile, fromEnv := given[name+"_file"], given[name+"_env"]
	filePath, envPath := p.key(name+"_file"), p.key(name+"_env")
	switch {
	case fromFile != nil && fromEnv != nil:
		d.problem(envPath.text, "", "both %s_file and %s_env are given; keep one", name, name)
	case fromFile != nil && d.wantText(fromFile, filePath):
		*v = d.secretFile(fromFile, filePath)
	case fromEnv != nil && d.wantText(fromEnv, envPath):
		*v = d.secretEnv(fromEnv, envPath)
	case fromFile == nil && fromEnv == nil && d.rules(p.key(name)).required:
		d.wrong(n, p, "needs %s_file or %s_env", name, name)
	}
}

func (d *decoder) secretEnv(n *node, p path) connectors.Secret {
	value, ok := "", false
	if d.secrets.env != nil {
		value, ok = d.secrets.env(n.text)
	}
	switch {
	case !ok:
		d.wrong(n, p, "the environment variable %q is not set", shorten(n.text))
	case strings.TrimSpace(value) == "":
		d.wrong(n, p, "the environment variable %q is empty", shorten(n.text))
	}
	return connectors.NewSecret(value)
}

func (d *decoder) secretFile(n *node, p path) connectors.Secret {
	name := within(d.secrets.dir, filepath.FromSlash(n.text))
	b, err := readFile(name, maxSecret)
	switch {
	case err != nil:
		d.wrong(n, p, "read %s: %s", shorten(name), err)
	case strings.TrimSpace(string(b)) == "":
		d.wrong(n, p, "%s is empty", shorten(name))
	}
	return connectors.SecretFile(name)
}
