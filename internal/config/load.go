package config

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// fileSuffix turns the name of a secret into the name of the setting that holds the path of a file with it.
const fileSuffix = "_FILE"

// maxSecretFile is the size up to which such a file is believed to hold a secret.
const maxSecretFile = 64 << 10

// Load reads every setting through getenv (os.Getenv; an empty value counts as not set), reads secrets from the files
// that NAME_FILE points to, makes up what dev mode may make up, and checks everything. The error is an *InvalidError
// that names every fault, or an input/output error of DATA_DIR/secrets.
func Load(getenv func(string) string, mode Mode) (Config, error) {
	found := &faults{}
	environ := map[string]string{}
	for _, setting := range settings() {
		value := getenv(setting.name)
		if setting.secret {
			value = fromFile(found, setting.name, value, getenv(setting.name+fileSuffix))
		}
		if value != "" {
			environ[setting.name] = value
		}
	}
	c := Config{Mode: mode}
	if err := env.ParseWithOptions(&c, env.Options{Environment: environ}); err != nil {
		addParseFaults(found, err)
	}
	if mode == Dev {
		if err := c.fillDev(found); err != nil {
			return Config{}, err
		}
	}
	if !c.Stores.KeyringDatabaseURL.IsSet() {
		c.Stores.KeyringDatabaseURL = c.Stores.DatabaseURL
	}
	c.Process.PublicURL = strings.TrimRight(c.Process.PublicURL, "/")
	c.validate(found)
	if err := found.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// Validate checks a configuration that was not made by Load. The error is an *InvalidError.
func (c Config) Validate() error {
	found := &faults{}
	c.validate(found)
	return found.err()
}

// setting is a field of Config seen from the environment.
type setting struct {
	name   string // of the environment variable
	field  string // of the struct field; unique over all parts of Config, as the parser reports nothing else
	kind   reflect.Type
	secret bool
}

// settings lists every setting in the order of the struct.
func settings() []setting {
	var all []setting
	root := reflect.TypeFor[Config]()
	for i := range root.NumField() {
		part := root.Field(i).Type
		if part.Kind() != reflect.Struct {
			continue
		}
		for j := range part.NumField() {
			field := part.Field(j)
			secret := field.Type == reflect.TypeFor[Secret]() || field.Type == reflect.TypeFor[ServiceKeys]() ||
				field.Type == reflect.TypeFor[Peppers]()
			all = append(all, setting{name: field.Tag.Get("env"), field: field.Name, kind: field.Type, secret: secret})
		}
	}
	return all
}

// fromFile is the value of a secret, read from the file at path if there is one.
func fromFile(found *faults, name, value, path string) string {
	if path == "" {
		return value
	}
	if value != "" {
		found.add(name, "is given twice: here and by "+name+fileSuffix)
		return value
	}
	file, err := os.Open(path)
	if err != nil {
		found.add(name+fileSuffix, "the file cannot be read: "+cause(err))
		return ""
	}
	defer file.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	switch {
	case err != nil:
		found.add(name+fileSuffix, "the file cannot be read: "+cause(err))
	case len(text) > maxSecretFile:
		found.add(name+fileSuffix, "the file is larger than a secret can be")
	case strings.TrimSpace(string(text)) == "":
		found.add(name+fileSuffix, "the file is empty")
	default:
		return strings.TrimRight(string(text), "\r\n")
	}
	return ""
}

// cause is the system's reason without the path: somebody may have put the secret itself where its path belongs.
func cause(err error) string {
	if failed, ok := errors.AsType[*os.PathError](err); ok {
		return failed.Err.Error()
	}
	return "unreadable"
}

// addParseFaults names the variable of each field that could not be read.
func addParseFaults(found *faults, err error) {
	aggregate, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		found.add("environment", "cannot be read")
		return
	}
	for _, single := range aggregate.Errors {
		failed, ok := errors.AsType[env.ParseError](single)
		if !ok {
			found.add("environment", fmt.Sprintf("%T", single))
			continue
		}
		for _, setting := range settings() {
			if setting.field == failed.Name {
				found.add(setting.name, wanted(setting.kind, failed.Err))
			}
		}
	}
}

// wanted says what a setting of that kind looks like. It quotes no value: a secret may stand in the wrong place.
func wanted(kind reflect.Type, err error) string {
	switch {
	case kind == reflect.TypeFor[time.Duration]():
		return "must be a duration such as 90s, 15m or 24h"
	case kind.PkgPath() == "log/slog":
		return "must be debug, info, warn or error"
	case reflect.PointerTo(kind).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return err.Error()
	case kind == reflect.TypeFor[[]netip.Prefix]():
		return "must be networks such as 10.0.0.0/8,fd00::/8"
	case kind.Kind() == reflect.Bool:
		return "must be true or false"
	default:
		return "must be a whole number in the range of " + kind.Kind().String()
	}
}
