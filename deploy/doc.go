// Package deploy holds what the service is run with in containers; its tests read the Dockerfile and the compose files
// as the tools that will read them do. It is a module of its own, because those tools' libraries are large.
package deploy
