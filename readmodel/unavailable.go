package readmodel

import (
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// Unavailable reports whether an error means that Postgres did not answer, or ended the conversation, rather than that
// it refused a statement: the same request may go well a moment later.
func Unavailable(err error) bool {
	var refused *pgconn.PgError
	var connect *pgconn.ConnectError
	var network net.Error
	if errors.As(err, &refused) {
		switch refused.Code[:min(2, len(refused.Code))] { // the class of the code
		case "08", "53", "57": // connection, resources, operator's intervention
			return true
		}
		return false
	}
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
