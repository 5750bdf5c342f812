package plan

// The ids of the plans that BuiltIn defines.
const (
	Basic      = "basic"
	Pro        = "pro"
	Enterprise = "enterprise"
)

// BuiltIn are the plans that a new installation starts with, priced in the given currency (ISO 4217). The caller
// sets Now.
func BuiltIn(currency string) []Define {
	return []Define{
		{
			ID: Basic, Name: "Basic", PriceMinor: 0, Currency: currency, Interval: Month, Rank: 10,
			Features: []string{"One user", "Community support"}, BuiltIn: true,
		},
		{
			ID: Pro, Name: "Pro", PriceMinor: 1900, Currency: currency, Interval: Month, Rank: 20,
			Features: []string{"Up to ten users", "Support by e-mail"}, BuiltIn: true,
		},
		{
			ID: Enterprise, Name: "Enterprise", PriceMinor: 9900, Currency: currency, Interval: Month, Rank: 30,
			Features: []string{"Any number of users", "Support around the clock"}, BuiltIn: true,
		},
	}
}
