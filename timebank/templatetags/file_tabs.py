from django import template
from django.urls import reverse

from timebank import file_tabs as tabs

register = template.Library()


@register.inclusion_tag("members/file_tabs.html", takes_context=True)
def file_tabs(context, member):
    """The tabs of the member's file that the reader may see, the open one marked."""
    request = context["request"]
    here = request.resolver_match.view_name
    return {
        "tabs": [
            {
                "label": tab.label,
                "route": tab.route,
                "url": reverse(tab.route, args=[member.key]),
                "is_current": tab.route == here,
            }
            for tab in tabs.for_reader(request.user, member)
        ]
    }
