package jiratest

import "fmt"

// msgID names a text of the server. Texts follow the account's language, so
// that a client which matches on them breaks (facts §9).
type msgID int

const (
	msgReservedChar msgID = iota
	msgReservedWord
	msgUnclosed
	msgBadEscape
	msgExpectEnd
	msgExpectParen
	msgExpectField
	msgExpectOp
	msgExpectValue
	msgExpectBy
	msgNeedsList
	msgTooDeep
	msgNoField
	msgNoValue
	msgNoIssueKey
	msgNoIssueID
	msgBadDate
	msgBadOp
	msgBadOrder
	msgTooManyOrder
	msgUnbounded
	msgBadFunction
	msgNoIssue
	msgNotOnScreen
	msgBadPriority
	msgLabelSpace
	msgBadLabel
	msgBadDay
	msgBadUser
	msgNoGroup
	msgNotAssignable
	msgNoEdit
	msgNoComment
	msgBothPlaces
	msgBadOperation
	msgNoNotify
	msgUnknownMember
	msgGone
	msgMaxResults
	msgBadToken
	msgTooMany
	msgBadADF
	msgEmptyComment
	msgNoProject
	msgNoProperty
	msgNoCommentID
	msgSummary
	msgBadValue
	msgBulkPermission
	msgAuth
	msgTooLong
	msgNoTask
)

var english = map[msgID]string{
	msgReservedChar:   "Error in the JQL Query: The character '%s' is a reserved JQL character. You must enclose it in a string or use the escape '\\u%04x' instead. (line 1, character %d)",
	msgReservedWord:   "Error in the JQL Query: '%s' is a reserved JQL word. You must surround it in quotation marks to use it in a query. (line 1, character %d)",
	msgUnclosed:       "Error in the JQL Query: The quoted string has not been completed.",
	msgBadEscape:      "Error in the JQL Query: '%s' is an illegal JQL escape sequence.",
	msgExpectEnd:      "Error in the JQL Query: Expecting either 'OR' or 'AND' but got '%s'. (line 1, character %d)",
	msgExpectParen:    "Error in the JQL Query: Expecting ')' before '%s'. (line 1, character %d)",
	msgExpectField:    "Error in the JQL Query: Expecting a field name but got '%s'. (line 1, character %d)",
	msgExpectOp:       "Error in the JQL Query: Expecting operator but got '%s'. The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'. (line 1, character %d)",
	msgExpectValue:    "Error in the JQL Query: Expecting either a value, list or function but got '%s'. (line 1, character %d)",
	msgExpectBy:       "Error in the JQL Query: Expecting 'by' but got '%s'. (line 1, character %d)",
	msgNeedsList:      "Operator 'in' does not support the non-list value '%s'.",
	msgTooDeep:        "Error in the JQL Query: The query is nested too deeply.",
	msgNoField:        "Field '%s' does not exist or you do not have permission to view it.",
	msgNoValue:        "The value '%s' does not exist for the field '%s'.",
	msgNoIssueKey:     "An issue with key '%s' does not exist for field '%s'.",
	msgNoIssueID:      "A value with ID '%s' does not exist for the field '%s'.",
	msgBadDate:        "Date value '%s' for field '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
	msgBadOp:          "The operator '%s' is not supported by the '%s' field.",
	msgBadOrder:       "Not able to sort using field '%s'.",
	msgTooManyOrder:   "The maximum number of fields in the ORDER BY clause is %d.",
	msgUnbounded:      "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.",
	msgBadFunction:    "Unable to find JQL function '%s(%s)'.",
	msgNoIssue:        "Issue does not exist or you do not have permission to see it.",
	msgNotOnScreen:    "Field '%s' cannot be set. It is not on the appropriate screen, or unknown.",
	msgBadPriority:    "The priority selected is invalid.",
	msgLabelSpace:     "The label '%s' contains spaces which is invalid.",
	msgBadLabel:       "The label '%s' is invalid.",
	msgBadDay:         "Error parsing date string: %s",
	msgBadUser:        "User '%s' does not exist.",
	msgNoGroup:        "The group named '%s' does not exist.",
	msgNotAssignable:  "User '%s' cannot be assigned issues.",
	msgNoEdit:         "You do not have permission to edit issues in this project.",
	msgNoComment:      "You do not have the permission to comment on this issue.",
	msgBothPlaces:     "Field '%s' cannot appear in both 'fields' and 'update'",
	msgBadOperation:   "The operation '%s' is not supported by the field '%s'.",
	msgNoNotify:       "To discard the user notification either admin or project admin permissions are required.",
	msgUnknownMember:  "Unrecognized field \"%s\" (class of the request), not marked as ignorable",
	msgGone:           "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046",
	msgMaxResults:     "The 'maxResults' must be between %d and %d.",
	msgBadToken:       "The provided next page token is invalid.",
	msgTooMany:        "The number of %s exceeds the limit of %d.",
	msgBadADF:         "Comment body is not valid!",
	msgEmptyComment:   "Comment body can not be empty!",
	msgNoProject:      "No project could be found with key '%s'.",
	msgNoProperty:     "The property with key '%s' does not exist.",
	msgNoCommentID:    "Can not find a comment for the id: %s.",
	msgSummary:        "You must specify a summary of the issue.",
	msgBadValue:       "Specify a valid value for %s",
	msgBulkPermission: "You do not have the permission to perform a bulk operation.",
	msgAuth:           "Client must be authenticated to access this resource.",
	msgTooLong:        "The entered text is too long. It exceeds the allowed limit of %d characters.",
	msgNoTask:         "The task %s does not exist.",
}

var german = map[msgID]string{
	msgNoField:       "Das Feld '%s' ist nicht vorhanden oder Sie sind nicht berechtigt, es anzuzeigen.",
	msgNoValue:       "Der Wert '%s' existiert nicht für das Feld '%s'.",
	msgNoIssueKey:    "Ein Vorgang mit Schlüssel '%s' existiert nicht für Feld '%s'.",
	msgBadDate:       "Der Datumswert '%s' für Feld '%s' ist ungültig.",
	msgBadOp:         "Der Operator '%s' wird vom Feld '%s' nicht unterstützt.",
	msgUnbounded:     "Unbegrenzte JQL-Abfragen sind hier nicht zulässig. Fügen Sie Ihrer Abfrage eine Sucheinschränkung hinzu.",
	msgNoIssue:       "Der Vorgang existiert nicht oder Sie haben keine Berechtigung, ihn zu sehen.",
	msgNotOnScreen:   "Das Feld '%s' kann nicht festgelegt werden. Es befindet sich nicht auf dem entsprechenden Bildschirm oder ist unbekannt.",
	msgBadPriority:   "Die ausgewählte Priorität ist ungültig.",
	msgLabelSpace:    "Das Stichwort '%s' enthält Leerzeichen. Dies ist nicht zulässig.",
	msgBadUser:       "Der Benutzer '%s' existiert nicht.",
	msgNoGroup:       "Die Gruppe '%s' existiert nicht.",
	msgNotAssignable: "Dem Benutzer '%s' können keine Vorgänge zugewiesen werden.",
	msgNoEdit:        "Sie sind nicht berechtigt, Vorgänge in diesem Projekt zu bearbeiten.",
	msgNoComment:     "Sie sind nicht berechtigt, diesen Vorgang zu kommentieren.",
	msgAuth:          "Der Client muss authentifiziert sein, um auf diese Ressource zugreifen zu können.",
	msgBadToken:      "Das angegebene Token für die nächste Seite ist ungültig.",
	msgGone:          "Die angeforderte API wurde entfernt. Bitte migrieren Sie zur API /rest/api/3/search/jql.",
}

// text words a message in the language of the account.
func (s *Server) text(id msgID, args ...any) string {
	f := english[id]
	if s.opt.Language == "de" {
		if g, ok := german[id]; ok {
			f = g
		}
	}
	return fmt.Sprintf(f, args...)
}
