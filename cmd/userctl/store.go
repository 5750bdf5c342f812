package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"am-user-management/internal/eventstore/esdbstore"
	"am-user-management/internal/storeaccess"
)

const aboutSecure = `Sets the access rules of a secured event store: the service's account may read and append, but neither delete, tombstone
nor truncate anything, and auditors' accounts only read. Rules that are there for others stay; what gives everybody
rights is removed. Nothing is written where nothing changes. The accounts must exist; who changes rules must be in $admins.
Rules of single streams, if somebody made such, come before these.
`

func storeSecure(ctx context.Context, args []string, t terminal) error {
	flags := flag.NewFlagSet("userctl store secure", flag.ContinueOnError)
	url := flags.String("url", "", "the event `store`, with an administrator's name and password; or set EVENTSTORE_URL")
	service := flags.String("service", "", "the service's `account`")
	var auditors []string
	flags.Func("auditor", "an auditor's `account`; may be given again", func(name string) error {
		auditors = append(auditors, name)
		return nil
	})
	dry := flags.Bool("dry-run", false, "only show what would change")
	if err := parse(flags, args, t, aboutSecure, "service"); err != nil {
		return err
	}
	for _, name := range append([]string{*service}, auditors...) {
		if name == "" || strings.HasPrefix(name, "$") {
			return fmt.Errorf("%q is no account's name", name)
		}
		if name == "admin" || name == "ops" {
			return fmt.Errorf("%q is an account of the store's own administrators: make one with userctl store account", name)
		}
	}
	address, err := t.securedStore(*url)
	if err != nil {
		return err
	}
	client, err := esdbstore.Connect(address, t.log)
	if err != nil {
		return err
	}
	defer client.Close() //nolint:errcheck // always nil
	documents, err := storeaccess.Plan(ctx, client, storeaccess.Accounts{Service: *service, Auditors: auditors})
	if err != nil {
		return err
	}
	for _, d := range documents {
		if !d.Changes() {
			fmt.Fprintf(t.stdout, "%s: as it should be\n%s\n", d.Stream, d.After)
			continue
		}
		fmt.Fprintf(t.stdout, "%s before:\n%s\n%s after:\n%s\n", d.Stream, orNothing(d.Before), d.Stream, d.After)
		if *dry {
			continue
		}
		if err := storeaccess.Apply(ctx, client, d); err != nil {
			return fmt.Errorf("%s: %w", d.Stream, err)
		}
	}
	if *dry {
		fmt.Fprintln(t.stdout, "dry run: nothing was written")
	}
	return nil
}

func orNothing(text string) string {
	if text == "" {
		return "(nothing)"
	}
	return text
}
