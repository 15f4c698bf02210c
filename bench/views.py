from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template import engines
from django.views.decorators.http import require_http_methods, require_safe

from bench.models import Line
from members.models import Member


class LineForm(forms.ModelForm):
    class Meta:
        model = Line
        fields = ["text"]


@require_http_methods(["GET", "POST"])
def line(request):
    form = LineForm(request.POST or None)

    if form.is_valid():
        form.save()
        return redirect(request.path)

    page = engines["django"].from_string("<form method=post>{% csrf_token %}{{ form }}</form>")
    return HttpResponse(page.render({"form": form}, request))


@require_safe
def member(request, pk):
    """One person by the primary key: no page that names somebody asks for less."""
    found = get_object_or_404(Member, pk=pk)
    return HttpResponse(found.name)
