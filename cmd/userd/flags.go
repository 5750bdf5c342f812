package main

import (
	"flag"
	"fmt"
	"io"
)

// parse reads the flags of a subcommand. Words are none of ours: flags behind one would be ignored.
func parse(flags *flag.FlagSet, args []string, stderr io.Writer) error {
	flags.SetOutput(stderr)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%s takes no argument %q", flags.Name(), flags.Arg(0))
	}
	return nil
}
