package deploy_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stages reads the Dockerfile as the builder does, with the builder's own linter.
func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	file, err := os.Open("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read, err := parser.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, warning := range read.Warnings {
		t.Errorf("%s", warning.Short)
	}
	complain := linter.New(&linter.Config{Warn: func(rule, _, _, message string, at []parser.Range) {
		t.Errorf("%s: %s (line %d)", rule, message, at[0].Start.Line)
	}})
	all, _, err := instructions.Parse(read.AST, complain)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTheImageHoldsOnlyWhatItRuns(t *testing.T) {
	all := stages(t)
	last := all[len(all)-1]
	if last.BaseName != "scratch" {
		t.Errorf("the image is made from %s", last.BaseName)
	}
	var user, health, entry string
	for _, command := range last.Commands {
		switch command := command.(type) {
		case *instructions.UserCommand:
			user = command.User
		case *instructions.HealthCheckCommand:
			health = strings.Join(command.Health.Test, " ")
		case *instructions.EntrypointCommand:
			entry = strings.Join(command.CmdLine, " ")
			if command.PrependShell {
				t.Error("the entry point needs a shell")
			}
		case *instructions.CopyCommand:
			if command.From != all[0].Name {
				t.Errorf("%v is copied from outside", command.SourcePaths)
			}
		case *instructions.RunCommand:
			t.Error("something is run where there is nothing")
		}
	}
	if uid, _, _ := strings.Cut(user, ":"); !regexp.MustCompile(`^[1-9]\d*$`).MatchString(uid) {
		t.Errorf("the user is %q: without a user file it must be a number, and not root's", user)
	}
	if health != "CMD /userd health" || entry != "/userd" {
		t.Errorf("health is asked by %q, the entry is %q", health, entry)
	}
}

// TestTheImageIsBuiltByTheGoOfTheModule, and static: there are no libraries where it runs.
func TestTheImageIsBuiltByTheGoOfTheModule(t *testing.T) {
	build := stages(t)[0]
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	wanted := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(string(module))
	_, tag, _ := strings.Cut(build.BaseName, ":")
	if !strings.HasPrefix(tag, wanted[1]+".") {
		t.Errorf("built by %s, but the module wants Go %s", build.BaseName, wanted[1])
	}
	static := slices.ContainsFunc(build.Commands, func(command instructions.Command) bool {
		run, isRun := command.(*instructions.RunCommand)
		return isRun && strings.Contains(strings.Join(run.CmdLine, " "), "CGO_ENABLED=0")
	})
	if !static {
		t.Error("not built without cgo")
	}
}

// TestNoSecretIsSentToTheBuilder: what a machine keeps beside the sources stays out of the context.
func TestNoSecretIsSentToTheBuilder(t *testing.T) {
	text, err := os.ReadFile("../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	ignored := strings.Fields(string(text))
	for _, path := range []string{".data", ".env", ".env.*", ".git"} {
		if !slices.Contains(ignored, path) {
			t.Errorf("%s is not ignored", path)
		}
	}
}
