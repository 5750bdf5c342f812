// Package esdb is a stand-in for the official EventStoreDB client.
package esdb
