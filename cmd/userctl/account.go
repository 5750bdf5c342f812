package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"

	"am-user-management/internal/storeaccess"
)

const aboutAccount = `Makes an account of a secured event store, of no group, or gives one that is there another password: that of ACCOUNT_PASSWORD, or of
the file ACCOUNT_PASSWORD_FILE. What it may is what "userctl store secure" says.
`

func storeAccount(ctx context.Context, args []string, t terminal) error {
	flags := flag.NewFlagSet("userctl store account", flag.ContinueOnError)
	url := flags.String("url", "", "the event `store`, with an administrator's name and password; or set EVENTSTORE_URL")
	name := flags.String("name", "", "the `account`")
	if err := parse(flags, args, t, aboutAccount, "name"); err != nil {
		return err
	}
	if *name == "" || strings.HasPrefix(*name, "$") {
		return fmt.Errorf("%q is no account's name", *name)
	}
	password, err := t.setting("ACCOUNT_PASSWORD")
	if err != nil {
		return err
	}
	address, err := t.securedStore(*url)
	if err != nil {
		return err
	}
	administrator, err := esdb.ParseConnectionString(address)
	if err != nil {
		return fmt.Errorf("connection string: %w", err)
	}
	if err := storeaccess.SetAccount(ctx, administrator, *name, password); err != nil {
		return fmt.Errorf("account %s: %w", *name, err)
	}
	_, err = fmt.Fprintf(t.stdout, "account %s is there, with this password\n", *name)
	return err
}
