package keyring_test

import (
	"testing"

	"am-user-management/internal/keyring"
	"am-user-management/internal/keyring/keyringtest"
)

func TestMemory(t *testing.T) {
	keyringtest.Run(t, func(*testing.T) keyringtest.Ring { return keyring.NewMemory() })
}

func TestKeyHasThirtyTwoBytes(t *testing.T) {
	for _, size := range []int{0, 16, 31, 33} {
		if _, err := keyring.NewKey([16]byte{1}, make([]byte, size)); err == nil {
			t.Errorf("a key of %d bytes was taken", size)
		}
	}
}
