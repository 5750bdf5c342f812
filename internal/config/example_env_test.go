package config_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/caarlos0/env/v11"
	"github.com/google/go-cmp/cmp"

	"am-user-management/internal/config"
)

// TestEnvExampleListsEverySetting keeps the file that operators copy equal to what the program reads.
func TestEnvExampleListsEverySetting(t *testing.T) {
	file, err := os.Open("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	listed, commented := map[string]string{}, false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		name, value, isSetting := strings.Cut(line, "=")
		switch {
		case line == "":
			commented = false
		case strings.HasPrefix(line, "#"):
			commented = true
		case isSetting:
			if _, twice := listed[name]; twice || !commented {
				t.Errorf("%s is listed twice or without a comment", name)
			}
			listed[name] = strings.Trim(value, "'")
		default:
			t.Errorf("not a setting: %s", line)
		}
	}
	params, err := env.GetFieldParams(&config.Config{})
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]string{}
	for _, param := range params {
		if param.Key != "" && param.Key != "-" {
			read[param.Key] = param.DefaultValue
		}
	}
	if diff := cmp.Diff(read, listed); diff != "" {
		t.Errorf("the struct (-) and .env.example (+) differ:\n%s", diff)
	}
}
