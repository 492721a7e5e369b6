package jiratest

// The vocabulary of generated backlogs.

var genProjects = []struct{ key, name, kind string }{
	{"PAY", "Payments", "software"},
	{"WEB", "Storefront", "software"},
	{"MOB", "Mobile apps", "software"},
	{"HELP", "Customer support", "service_desk"},
}

var genComponents = []string{"checkout", "billing", "login", "search", "reports", "notifications", "public API", "import", "mobile sync", "admin console"}

var genPeople = []string{
	"Ada Brandt", "Bilal Demir", "Carla Rossi", "Dmitri Sokolov", "Elena Popescu", "Femi Adeyemi", "Grace Kim", "Hugo Lindqvist",
	"Ines Almeida", "Jonas Weber", "Kavya Rao", "Liam Byrne", "Mei Tanaka", "Noor Haddad", "Olga Nowak", "Pablo Ortega",
}

var genCustomers = []string{
	"Alder Bank", "Birchwood Clinics", "Cobalt Airlines", "Delta Grocers", "Eastgate Schools", "Fjord Shipping", "Granite Insurance",
	"Harbor Hotels", "Ivory Pharma", "Juniper Telecom",
}

var genTiers = []string{"enterprise", "pro", "starter"}

var genSeverities = []string{"critical", "major", "minor"}

var genBugs = []string{
	"%s fails with a timeout under load", "%s shows another customer's data for a moment", "%s loses the last edit after a refresh",
	"Wrong total in %s when a discount applies", "%s crashes on an empty list", "%s is slow since the last release",
	"Duplicate entries in %s after a retry", "%s rejects valid e-mail addresses", "Dates in %s are off by one day in some zones",
	"%s returns 500 for accounts with a long name", "Memory grows in %s until it restarts", "%s sends the same message twice",
}

var genStories = []string{
	"Let people export %s as a spreadsheet", "Remember filters in %s", "Add keyboard shortcuts to %s", "Show progress of long jobs in %s",
	"Offer single sign-on for %s", "Allow several currencies in %s", "Add an audit trail to %s", "Make %s work offline",
	"Send a weekly summary from %s", "Bulk edit in %s",
}

var genTasks = []string{
	"Upgrade the database driver of %s", "Remove the old endpoint of %s", "Write a runbook for %s", "Add alerts for %s",
	"Clean up feature flags in %s", "Rotate the credentials of %s", "Measure the latency of %s",
}

var genEpics = []string{"Self-service onboarding through %s", "Second region for %s", "New pricing across %s", "Accessibility of %s"}

var genRequests = []string{"Cannot sign in to %s", "How do I change the owner in %s?", "Invoice from %s is wrong", "%s is down for our whole team"}

var genDetails = []string{
	"Steps to reproduce:\n1. Open the page\n2. Wait a minute\n3. Press save", "Reported by support, seen three times this week.",
	"Customers ask for this in most renewal calls.", "We pay for this every sprint in manual work.", "A workaround exists but is easy to forget.",
	"No workaround is known.", "See the discussion in the last review.", "This blocks the launch in the second region.",
}

var genLabels = []string{"regression", "quick-win", "security", "tech-debt", "customer-request", "performance", "ux", "data-loss", "compliance"}

var genComments = []string{
	"I can see this as well.", "Two more customers asked today.", "This is worse than it looks, please have a look.",
	"Could we move this up?", "Fixed on the branch, waiting for review.", "Not reproducible with the current version.",
}
