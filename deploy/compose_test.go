package deploy_test

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"am-user-management/internal/config"
)

const (
	oneMachine = "../docker-compose.yml"
	cluster    = "../docker-compose.cluster.yml"
)

// given is what an operator sets for the cluster: every variable without a default, and nothing else.
var given = map[string]string{
	"EVENTSTORE_ADMIN_PASSWORD": "a", "EVENTSTORE_OPS_PASSWORD": "b", "EVENTSTORE_PASSWORD": "p%40ss",
	"POSTGRES_PASSWORD": "c", "PUBLIC_URL": "https://accounts.example.com",
	"SERVER_SECRET": "0123456789abcdef0123456789abcdef", "KEYRING_KEK": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
	"INTERNAL_API_KEYS": "tokens:0123456789abcdef", "PASSWORD_PEPPERS": "a1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
	"BOOTSTRAP_ADMIN_EMAIL": "root@example.com", "BOOTSTRAP_ADMIN_PASSWORD": "correct horse battery staple",
	"SMTP_URL": "smtps://user:password@mail.example.com:465", "MAIL_FROM": "no-reply@example.com",
}

func load(ctx context.Context, path string, environment map[string]string) (*types.Project, error) {
	var env []string
	for name, value := range environment {
		env = append(env, name+"="+value)
	}
	options, err := cli.NewProjectOptions([]string{path}, cli.WithEnv(env), cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

func projects(t *testing.T) map[string]*types.Project {
	t.Helper()
	loaded := map[string]*types.Project{}
	for path, environment := range map[string]map[string]string{oneMachine: nil, cluster: given} {
		project, err := load(t.Context(), path, environment)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		loaded[path] = project
	}
	return loaded
}

// TestTheServiceTakesItsSettings: what a file gives to the service is known to it, and enough.
func TestTheServiceTakesItsSettings(t *testing.T) {
	for path, project := range projects(t) {
		for _, name := range []string{"userd", "userctl"} {
			service, there := project.Services[name]
			if !there {
				if name == "userd" {
					t.Errorf("%s has no service", path)
				}
				continue
			}
			settings := map[string]string{}
			for key, value := range service.Environment {
				if value == nil {
					t.Errorf("%s: %s: %s has no value", path, name, key)
					continue
				}
				settings[key] = *value
			}
			asked := map[string]bool{}
			_, err := config.Load(func(name string) string {
				asked[name] = true
				return settings[name]
			}, config.Serve)
			if err != nil {
				t.Errorf("%s: %s: %v", path, name, err)
			}
			for key := range settings {
				if !asked[key] {
					t.Errorf("%s: %s: no setting is called %s", path, name, key)
				}
			}
		}
	}
}

// TestNoSettingOfTheClusterHasAKnownValue: without each of what an operator has to set, nothing is started.
func TestNoSettingOfTheClusterHasAKnownValue(t *testing.T) {
	for name := range given {
		without := maps.Clone(given)
		delete(without, name)
		if _, err := load(t.Context(), cluster, without); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestNothingIsPublishedButWhatIsNeeded(t *testing.T) {
	want := map[string][]string{
		oneMachine: {"mail 127.0.0.1:8025", "userd 127.0.0.1:8080"},
		cluster:    {"userd 127.0.0.1:8080"},
	}
	for path, project := range projects(t) {
		var published []string
		for name, service := range project.Services {
			for _, port := range service.Ports {
				published = append(published, name+" "+port.HostIP+":"+port.Published)
			}
			if service.Privileged || service.NetworkMode == "host" {
				t.Errorf("%s: %s is on the host", path, name)
			}
		}
		slices.Sort(published)
		if !slices.Equal(published, want[path]) {
			t.Errorf("%s publishes %v, want %v", path, published, want[path])
		}
	}
}

// version is an image's tag with at least two numbers, or the name of one that is built here.
var version = regexp.MustCompile(`:v?\d+\.\d+(\.\d+)?(-[a-z-]+)?$`)

func TestImagesHaveVersions(t *testing.T) {
	images := map[string]string{}
	for path, project := range projects(t) {
		for name, service := range project.Services {
			if service.Build != nil {
				continue
			}
			if !version.MatchString(service.Image) {
				t.Errorf("%s: %s: which version is %q?", path, name, service.Image)
			}
			repository, _, _ := strings.Cut(service.Image, ":")
			if other, seen := images[repository]; seen && other != service.Image {
				t.Errorf("%s and %s", other, service.Image)
			}
			images[repository] = service.Image
		}
	}
}

// TestWhatIsWaitedForSaysHowItIs: a service waits for stores that are healthy, and these can tell.
func TestWhatIsWaitedForSaysHowItIs(t *testing.T) {
	for path, project := range projects(t) {
		stores := 0
		for name, service := range project.Services {
			for needed, how := range service.DependsOn {
				other := project.Services[needed]
				switch how.Condition {
				case types.ServiceConditionHealthy:
					stores++
					if other.HealthCheck == nil || len(other.HealthCheck.Test) == 0 {
						t.Errorf("%s: %s waits for %s, which does not say how it is", path, name, needed)
					}
				case types.ServiceConditionCompletedSuccessfully:
					if other.Restart != "" {
						t.Errorf("%s: %s waits for the end of %s, which is started again", path, name, needed)
					}
				}
			}
			if len(service.Volumes) > 0 && service.HealthCheck == nil && strings.Contains(service.Image, "eventstore/eventstore") {
				t.Errorf("%s: %s has no health check", path, name)
			}
		}
		if stores < 2 {
			t.Errorf("%s: the service waits for %d stores", path, stores)
		}
	}
}

// TestEveryNodeHasItsOwnKey: no node can read another one's, and none the authority's.
func TestEveryNodeHasItsOwnKey(t *testing.T) {
	readers := map[string][]string{}
	for name, service := range projects(t)[cluster].Services {
		for _, volume := range service.Volumes {
			readers[volume.Source] = append(readers[volume.Source], name)
			if volume.Source == "ca" && name != "certificates" && !volume.ReadOnly {
				t.Errorf("%s may change the authority's certificate", name)
			}
		}
	}
	for volume, names := range readers {
		slices.Sort(names)
		node, isKeys := strings.CutSuffix(volume, "-certs")
		if isKeys && !slices.Equal(names, []string{"certificates", node + ".eventstore"}) || volume == "authority" && len(names) != 1 {
			t.Errorf("%s is read by %v", volume, names)
		}
	}
}

func TestTheServiceKnowsEveryNode(t *testing.T) {
	project := projects(t)[cluster]
	url := *project.Services["userd"].Environment["EVENTSTORE_URL"]
	nodes := 0
	for name, service := range project.Services {
		if _, isNode := service.Environment["EVENTSTORE_GOSSIP_SEED"]; !isNode {
			continue
		}
		nodes++
		if !strings.Contains(url, name+":2113") {
			t.Errorf("the service does not know %s", name)
		}
		for other := range project.Services {
			seeds := *service.Environment["EVENTSTORE_GOSSIP_SEED"]
			if strings.HasSuffix(other, ".eventstore") && other != name && !strings.Contains(seeds, other+":2113") {
				t.Errorf("%s does not know %s", name, other)
			}
		}
	}
	if nodes != 3 {
		t.Errorf("%d nodes", nodes)
	}
}
