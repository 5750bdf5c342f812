package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"am-user-management/domain"
	"am-user-management/domain/profile"
	"am-user-management/internal/codec"
	"am-user-management/internal/eventstore"
	"am-user-management/internal/node"
	"am-user-management/internal/node/store"
)

// person is the id of the n-th of the users that exist in the log only.
func person(n int) domain.ID {
	return domain.ID(uuid.NewSHA1(uuid.NameSpaceOID, binary.BigEndian.AppendUint64(nil, uint64(n))))
}

// draftOf is an event as a command of a user would make it.
func draftOf(user domain.ID, event domain.Event) eventstore.Draft {
	command := uuid.New()
	return eventstore.Draft{ID: uuid.New(), Event: event, Meta: eventstore.Metadata{
		CorrelationID: command, CausationID: command, CommandID: command,
		Actor: eventstore.Actor{ID: user.String(), Kind: eventstore.User}, SchemaVersion: 1, Tenant: eventstore.DefaultTenant,
	}}
}

// makeProfiles appends ProfileCreated for the first n people, as the service stores it, without gRPC in between.
func makeProfiles(ctx context.Context, c *codec.Codec, log *node.Node, n int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(defaultConns)
	for i := range n {
		group.Go(func() error {
			user := person(i)
			stream := profile.StreamOf(user)
			records, err := c.Encode(ctx, stream, []eventstore.Draft{draftOf(user, profile.ProfileCreated{
				UserID: user, FirstName: domain.NewPersonal(fmt.Sprint("Ada ", i)), LastName: domain.NewPersonal("of Example"),
				Timezone: "Europe/Berlin", Locale: "en-GB", CreatedAt: time.Now().UTC().Truncate(time.Microsecond),
			})})
			if err != nil {
				return err
			}
			r := records[0]
			_, err = log.Append(ctx, stream, store.NoStream,
				[]store.Event{{ID: store.ID(r.ID), Type: r.Type, JSON: true, Data: r.Data, Metadata: r.Metadata}})
			return err
		})
	}
	return group.Wait()
}
