package profile

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode"

	"am-user-management/domain"
)

const maxPictureURL = 2048

// faults says what is wrong with the fields that are given, but for the metadata.
func (p Patch) faults(limits Limits) domain.Faults {
	var faults domain.Faults
	if p.FirstName != nil {
		faults.Add("first_name", domain.NameFault(p.FirstName.Text()))
	}
	if p.LastName != nil {
		faults.Add("last_name", domain.NameFault(p.LastName.Text()))
	}
	if p.Bio != nil {
		faults.Add("bio", domain.TextFault(p.Bio.Text(), limits.MaxBio))
	}
	if p.PictureURL != nil {
		faults.Add("picture_url", pictureFault(p.PictureURL.Text(), limits.PictureFormats))
	}
	if p.Timezone != nil {
		faults.Add("timezone", domain.ZoneFault(*p.Timezone, limits.ValidZone))
	}
	if p.Locale != nil {
		faults.Add("locale", domain.LocaleFault(*p.Locale))
	}
	return faults
}

// pictureFault judges the URL only; nothing is fetched.
func pictureFault(text string, formats []string) string {
	if text == "" {
		return ""
	}
	if fault := domain.LineFault(text, maxPictureURL); fault != "" {
		return fault
	}
	address, err := url.Parse(text)
	switch {
	case err != nil || strings.ContainsFunc(text, unicode.IsSpace) || strings.Contains(text, `\`):
		return "must be a URL"
	case address.Scheme != "https" || address.Hostname() == "":
		return "must be an https URL"
	case address.User != nil:
		return "must not contain a user name or password"
	}
	format := pictureFormat(strings.TrimPrefix(path.Ext(address.Path), "."))
	for _, allowed := range formats {
		if format != "" && format == pictureFormat(allowed) {
			return ""
		}
	}
	return fmt.Sprintf("must end with one of: %s", strings.Join(formats, ", "))
}

// pictureFormat makes the two extensions of one format, and their spellings, equal.
func pictureFormat(extension string) string {
	extension = strings.ToLower(extension)
	if extension == "jpeg" {
		return "jpg"
	}
	return extension
}
