package imports

import (
	"encoding/binary"

	"github.com/go-json-experiment/json"

	"am-user-management/domain"
)

// seal encrypts the rows of a chunk for their place.
func (m *Imports) seal(id domain.ID, first int32, rows []Row) ([]byte, error) {
	text, err := json.Marshal(rows)
	if err != nil {
		return nil, err
	}
	sealed, err := m.key.Seal(make([]byte, 0, len(text)+64), text, place(id, first))
	clear(text)
	return sealed, err
}

func (m *Imports) open(id domain.ID, first int32, sealed []byte) ([]Row, error) {
	text, err := m.key.Open(make([]byte, 0, len(sealed)), sealed, place(id, first))
	if err != nil {
		return nil, err
	}
	var rows []Row
	err = json.Unmarshal(text, &rows)
	clear(text)
	return rows, err
}

// place binds a chunk to its import and its first row.
func place(id domain.ID, first int32) []byte {
	return binary.BigEndian.AppendUint32(append([]byte("import"), id[:]...), uint32(first))
}
